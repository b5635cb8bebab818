import TestSupport
import Testing
import WeirModel

@Suite("What a client of git asks for over SSH")
struct GitRequestTests {
    @Test(
        "the commands of git's clients lead below the code (SSH-09)",
        arguments: [
            ("git-upload-pack '/'", GitRequest.Service.read, ""), ("git-upload-pack ''", .read, ""),
            ("git-receive-pack '/a.git'", .push, "a.git"),
            ("git upload-pack '/src/lib/'", .read, "src/lib"), ("git-upload-pack '/gemini/code'", .read, ""),
            ("git-receive-pack '/gemini/code/src'", .push, "src"), ("git-upload-pack '/gemini/codes'", .read, "gemini/codes"),
            ("git-upload-pack '/it'\\''s '\\!''", .read, "it's !"), ("git-upload-pack /plain_1.git", .read, "plain_1.git"),
            ("git-upload-pack '/叶'", .read, "叶"),
        ])
    func taken(command: String, service: GitRequest.Service, path: String) throws {
        #expect(try GitRequest(command: command) == GitRequest(service, at: FilePath(path)))
    }

    @Test(
        "the escaped form of a name that is no text leads to the folder of that name, as everywhere else (SSH-09, bugs F5)",
        arguments: [
            (#"git-upload-pack '/\xCA\xFD'"#, [0xCA, 0xFD]), (#"git-receive-pack '/gemini/code/\xca\xfd/a'"#, [0xCA, 0xFD, 0x2F, 0x61]),
            (#"git-upload-pack '/a\b'"#, Array(#"a\b"#.utf8)), (#"git-upload-pack '/a\x5CxFFb'"#, Array(#"a\xFFb"#.utf8)),
            ("git-upload-pack '/叶/b.git'", Array("叶/b.git".utf8)), ("git-upload-pack '/'", []),
        ] as [(String, [UInt8])])
    func escaped(command: String, bytes: [UInt8]) throws {
        let request = try #require(try GitRequest(command: command))
        #expect(request.path.bytes == bytes)
    }

    @Test(
        "an escaped name leads out of the code no more than a plain one (SSH-09)",
        arguments: [#"git-upload-pack '/\x2E\x2E'"#, #"git-upload-pack '/\x2F'"#, #"git-upload-pack '/a\x00'"#])
    func escapedWayOut(command: String) throws {
        // What no name is written as stands for itself; what names cannot have is refused.
        if let request = try? GitRequest(command: command) {
            #expect(!request.path.bytes.split(separator: UInt8(ascii: "/")).contains { Array($0) == Array("..".utf8) })
            #expect(request.path.components.count == 1 && !request.path.bytes.contains(0))
        }
    }

    @Test(
        "other commands are none of git's",
        arguments: ["", "git", "git-upload-pack", "git-upload-archives", "git-lfs", "ls '/'", " git-upload-pack '/'"])
    func others(command: String) throws { #expect(try GitRequest(command: command) == nil) }

    @Test(
        "what else clients of git ask for is refused, and what to do instead is told (SSH-09)",
        arguments: [
            ("git-upload-archive '/'", "git_archive_not_offered"), ("git upload-archive '/'", "git_archive_not_offered"),
            ("git-lfs-authenticate digits.git download", "git_lfs_not_offered"), ("git-lfs-transfer", "git_lfs_not_offered"),
        ])
    func notOffered(command: String, code: String) throws {
        let error = try #require(throws: WeirError.self) { try GitRequest(command: command) }
        #expect(error.code == code && error.remedy != nil)
    }

    @Test(
        "what a shell would do more with is refused, and so is what leads out",
        arguments: [
            "git-upload-pack '/a", "git-upload-pack /a b", "git-upload-pack '/a' --strict", "git-upload-pack /a;id",
            "git-upload-pack $(id)",
            "git-upload-pack \"/a\"", "git-upload-pack '/a'|sh", "git-upload-pack /a\\ b", "git-upload-pack '/../etc'",
            "git-upload-pack '/a/../../b'",
            "git-upload-pack '/a//b'", "git-upload-pack '/a\nb'", "git-upload-pack ~/a",
        ])
    func refused(command: String) { #expect(throws: WeirError.self) { try GitRequest(command: command) } }
}

@Suite("What the SSH gateway reads of its clients, whatever they send")
struct SSHFuzzTests {
    /// Pieces that lead far into a parser, in any order.
    private func texts(_ pieces: [String], _ count: Int, _ body: (String) throws -> Void) rethrows {
        for seed in Property.seeds(4) {
            var random = SeededRandom(seed: seed)
            for _ in 0..<count {
                var text = (0..<Int.random(in: 0...8, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
                if Int.random(in: 0..<4, using: &random) == 0, !text.isEmpty {
                    var bytes = Array(text.utf8)
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
                    text = String(decoding: bytes, as: UTF8.self)
                }
                do { try body(text) } catch {
                    Issue.record("seed \(seed): \(text.debugDescription)")
                    throw error
                }
            }
        }
    }

    @Test("a user name is read as itself or not at all (SSH-02)")
    func userName() {
        let pieces = [
            "gemini", "root", "upload", "token", "ada", "@", ".", "-", "ssh-", "data-", "code-", "netdisk", "vision", "\0", "/", "..", " ",
            "00000000000000000000000000000000", "0123456789abcdef0123456789abcdef", "é", "%40", "@@", String(repeating: "a", count: 70),
        ]
        texts(pieces, 5000) { text in
            if let name = SSHUserName(text) { #expect(name.description == text) }
        }
    }

    @Test("a forwarded connection goes to the environment or its own network, or nowhere")
    func target() {
        let pieces = [
            "10", "89", "0", "7", "255", "256", "1", ".", ":", "127", "localhost", "::1", "[", "]", "0x", "%", "environment-abc-0", "-",
            "\0",
            "169.254.169.254", "10.89.0.", " ", "é", "١",
        ]
        texts(pieces, 5000) { text in
            for port in [-1, 0, 1, 80, 65_535, 65_536] {
                guard
                    let target = ForwardTarget(
                        host: text, port: port, hostName: "environment-abc-0", network: (0x0a59_0005, 24, 0x0a59_0001))
                else { continue }
                #expect((1...65_535).contains(target.port))
                if case .ipv4(let address) = target.address {
                    #expect(address >> 24 == 127 || address & 0xffff_ff00 == 0x0a59_0000, "\(text)")
                    #expect(![0x0a59_0000, 0x0a59_0001, 0x0a59_00ff].contains(address), "\(text)")
                }
            }
        }
    }

    @Test("the name of a neighbour never is an address or a name of elsewhere")
    func neighbour() {
        let pieces = [
            "service", "job", "environment", "-", "0a1b2c3d", "0", "12", ".", ".dns.podman", "bert", "10", ":", "/", "0x7f", "é", " ", "\n",
        ]
        texts(pieces, 5000) { text in
            switch Neighbour(host: text) {
            case .workload(let name): #expect(!name.contains(where: { ".:/ \n".contains($0) }) && ForwardTarget.ipv4(name) == nil)
            case .instance(_, let tail, let position): #expect(tail.utf8.count == 8 && (0...9999).contains(position))
            case nil: break
            }
        }
    }

    @Test("a neighbour's own host name leads back to it")
    func hostName() {
        for kind in WorkloadKind.allCases {
            let id = RandomIdentifiers().next(Workload.self, at: SystemClock().now())
            let name = Neighbour.hostName(kind, id, position: 3)
            #expect(Neighbour(host: name) == .instance(kind: kind, tail: String(id.text.suffix(8)), position: 3))
        }
    }

    @Test("variables and terminals of a channel request are plain text of a short list")
    func channelRequest() {
        let pieces = [
            "LC_", "LANG", "LD_PRELOAD", "TZ", "GIT_PROTOCOL", "ALL", "=", "xterm", "-256color", "\0", "\n", "/", "é", " ", "PATH",
        ]
        texts(pieces, 5000) { text in
            if SSHVariables.accepts(text, "C.UTF-8") { #expect(text.hasPrefix("LC_") || !text.hasPrefix("LD_") && text != "PATH") }
            if SSHVariables.accepts("LANG", text) { #expect(text.utf8.allSatisfy { (0x20...0x7e).contains($0) }) }
            if SSHVariables.acceptsTerminal(text) { #expect(!text.contains("/") && !text.isEmpty) }
        }
    }

    @Test("a command of git leads below the code or is refused (SSH-09)")
    func git() {
        let pieces = [
            "git-", "git ", "upload-pack", "receive-pack", " ", "'", "\\", "/", "..", ".", "a", "gemini/code", "$(id)", ";", "\n", "~", "!",
        ]
        texts(pieces, 5000) { text in
            if let request = try? GitRequest(command: text) { #expect(!request.path.components.contains { [".", "..", ""].contains($0) }) }
        }
    }

    @Test("the file protocol goes on byte by byte as it came, and each file that is opened to write is seen first (SSH-09)")
    func files() {
        for seed in Property.seeds(300) {
            var random = SeededRandom(seed: seed)
            var sent: [UInt8] = []
            var openings: [SFTPStream.Opening] = []
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    let path = (0..<Int.random(in: 0...300, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
                    let flags = UInt32.random(in: 0..<64, using: &random)
                    sent += Self.open(path, flags)
                    if flags & 2 != 0 { openings.append(SFTPStream.Opening(path: path, isEmptied: flags & 16 != 0)) }
                case 1: sent += Self.packet(6, Array(repeating: 7, count: Int.random(in: 0...40_000, using: &random)))
                case 2: sent += Self.packet(.random(in: 4...200, using: &random), [1, 2, 3])
                default: sent += Self.packet(3, Array(repeating: 0, count: Int.random(in: 17_000...20_000, using: &random)))
                }
            }
            // The end may be anything.
            sent += (0..<Int.random(in: 0...4, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            let (passed, seen) = Self.pass(sent, &random)
            #expect(sent.starts(with: passed) && sent.count - passed.count < 5, "seed \(seed)")
            #expect(seen.map(\.opening) == openings, "seed \(seed)")
            for (opening, before) in seen { #expect(!Self.contains(opening, passed[..<before]), "seed \(seed)") }
        }
    }

    @Test("bytes that are no protocol at all pass on as well")
    func noise() {
        for seed in Property.seeds(300) {
            var random = SeededRandom(seed: seed)
            let sent = (0..<Int.random(in: 0...5000, using: &random)).map { _ in UInt8.random(in: 0...8, using: &random) }
            let (passed, _) = Self.pass(sent, &random)
            #expect(sent.starts(with: passed), "seed \(seed)")
        }
    }

    @Test(
        "a path leads below the folder or to nothing",
        arguments: [
            ("a", "a"), ("/upload/a/b", "a/b"), ("./a/./b", "a/b"), ("../upload/x", "x"), ("/", nil), ("/upload", nil), ("..", nil),
            ("/etc/passwd", nil), ("../etc", nil), ("a/../..", nil), ("/upload/../upload/b", "b"), ("", nil), ("a//b", "a/b"), ("a\0", nil),
        ] as [(String, String?)])
    func paths(path: String, file: String?) {
        #expect(SFTPStream.Opening(path: Array(path.utf8), isEmptied: true).file(below: "/upload")?.text == file)
    }

    private static func number(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    private static func packet(_ type: UInt8, _ body: [UInt8]) -> [UInt8] { number(body.count + 1) + [type] + body }
    private static func open(_ path: [UInt8], _ flags: UInt32) -> [UInt8] {
        packet(3, number(7) + number(path.count) + path + number(Int(flags)) + number(0))
    }

    private static func contains(_ opening: SFTPStream.Opening, _ passed: ArraySlice<UInt8>) -> Bool {
        // The last that passed on before is not the request itself.
        passed.suffix(opening.path.count + 8).elementsEqual(opening.path + number(opening.isEmptied ? 18 : 2) + number(0))
    }

    /// Gives the bytes in pieces of any size, and takes as many at once as somebody may who is slow.
    private static func pass(
        _ sent: [UInt8], _ random: inout SeededRandom
    ) -> (passed: [UInt8], seen: [(opening: SFTPStream.Opening, before: Int)]) {
        var stream = SFTPStream()
        var passed: [UInt8] = []
        var seen: [(opening: SFTPStream.Opening, before: Int)] = []
        var at = 0
        while at < sent.count {
            let piece = sent[at..<min(sent.count, at + Int.random(in: 1...9000, using: &random))]
            switch piece.withUnsafeBytes({ stream.next($0) }) {
            case .pass(let most):
                let count = Int.random(in: 1...most, using: &random)
                passed += piece.prefix(count)
                stream.passed(count)
                at += count
            case .held(let count): at += count
            case .release(let count, let bytes, let opening):
                if let opening { seen.append((opening, passed.count)) }
                passed += bytes
                at += count
            }
        }
        return (passed, seen)
    }
}
