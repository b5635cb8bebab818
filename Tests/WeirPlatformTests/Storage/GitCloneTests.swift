import Foundation
import Synchronization
import TestSupport
import Testing
import WeirModel
@testable import WeirPlatform

@Suite("Cloning code")
struct GitCloneTests {
    /// A real server on loopback over the repositories below `folder`; ended with the body.
    private func serving(_ folder: String, _ body: @escaping @Sendable (Int) async throws -> Void) async throws {
        let port = Int.random(in: 20_000..<30_000)
        let program = ChildProgram(
            path: "/usr/bin/git",
            arguments: [
                "-c", "safe.directory=*", "daemon", "--listen=127.0.0.1", "--port=\(port)", "--export-all",
                "--base-path=\(folder)", "--verbose", folder,
            ],
            environment: [
                "PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
            ],
            folder: try OpenFolder(trusted: folder), timeLimit: .seconds(120))
        let (ready, line) = AsyncStream<String>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try await ChildProcess(program: program, pool: StorageBench.servers).run(errors: { line.yield($0) })
                line.finish()
            }
            for await text in ready where text.contains("Ready") { break }
            try await body(port)
            group.cancelAll()
        }
    }

    /// Loopback, by a protocol that needs no certificates.
    private static let loopback = GitRules(
        schemes: ["git"], destinations: GitDestinations(allowed: ["127.0.0.1"].compactMap { GitDestinations.PrivateHost($0) }),
        network: .system)

    private func clone(_ bench: StorageBench, _ address: String, at path: FilePath = .root) async throws -> FolderSize {
        try await bench.store.gitClone(GitSource(address, schemes: ["git", "https", "http"]), into: bench.code, at: path)
    }

    private func repository(_ folder: String) async throws {
        let script = """
            set -e; git init -q -b main '\(folder)/work'; cd '\(folder)/work'; echo 'print(1)' > main.py; mkdir d; ln -s ../main.py d/l
            ln -s /gemini/data-1 data; echo x > run.sh; chmod 755 run.sh; git add -A
            git -c user.name=a -c user.email=a@b commit -q -m first; git clone -q --bare . '\(folder)/code.git'
            """
        #expect(try await run("/bin/sh", "-c", script) == 0)
    }

    @Test("code is cloned into a project with its history, and its files are root's (PRJ-08)")
    func clone() async throws {
        let bench = try await StorageBench(git: Self.loopback)
        try await repository(bench.folder.path)
        try await serving(bench.folder.path) { port in
            let lines = Mutex("")
            let size = try await bench.store.gitClone(
                GitSource("git://127.0.0.1:\(port)/code.git", schemes: ["git"]), into: bench.code,
                progress: { text in lines.withLock { $0 += text } })
            #expect(size.files > 3)
            #expect(lines.withLock { $0 }.contains("Cloning into"))
            #expect(try await bench.text("main.py", in: bench.code) == "print(1)\n")
            #expect(try bench.status(bench.code, "run.sh").st_mode & 0o777 == 0o755)
            #expect(try bench.status(bench.code, ".git/HEAD").st_uid == 0)
            #expect(try await run("/usr/bin/git", "-C", bench.path(bench.code, ""), "fsck", "--strict") == 0)
            let again = await #expect(throws: WeirError.self) {
                try await clone(bench, "git://127.0.0.1:\(port)/code.git")
            }
            #expect(again?.code == "path_taken")
            let absent = await #expect(throws: WeirError.self) {
                try await clone(bench, "git://127.0.0.1:\(port)/no.git", at: FilePath("b"))
            }
            #expect(absent?.code == "git_unreachable" && absent?.rule == "PRJ-08")
            let branch = await #expect(throws: WeirError.self) {
                try await bench.store.gitClone(
                    GitSource("git://127.0.0.1:\(port)/code.git", branch: "none", schemes: ["git"]), into: bench.code, at: FilePath("c"))
            }
            #expect(branch?.code == "git_failed" && branch?.message.en.contains("none") == true)
        }
        #expect(bench.leftovers.isEmpty)
    }

    /// A listener that counts who comes, and says nothing.
    private func listening(_ body: (Int) async throws -> Void) async throws -> Int {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic -> UInt16 in
                bind(listener, generic, length)
                listen(listener, 64)
                getsockname(listener, generic, &length)
                return pointer.pointee.sin_port.bigEndian
            }
        }
        try await body(Int(port))
        var waiting = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        var came = 0
        while poll(&waiting, 1, 50) == 1 {
            close(accept(listener, nil, nil))
            came += 1
        }
        return came
    }

    @Test("nothing of this machine or a private network is connected to, under any name or address (hostile 4)")
    func refused() async throws {
        let own = HostNetwork.system.own().map(\.address).filter { $0 != IPAddress("127.0.0.1") }
        let names = ["inside.example": ["127.0.0.1"], "mixed.example": ["1.1.1.1", "127.0.0.1"], "nowhere.example": []]
        let bench = try await StorageBench(
            git: GitRules(
                network: HostNetwork(
                    addresses: { names[$0, default: []].compactMap { IPAddress($0) } }, own: HostNetwork.system.own)))
        let hosts =
            ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "[64:ff9b::7f00:1]", "169.254.169.254", "127.8.8.8"]
            + names.keys.sorted() + own.map { $0.version == .six ? "[\($0)]" : "\($0)" }
        let came = try await listening { port in
            for host in hosts {
                let error = await #expect(throws: WeirError.self) { try await clone(bench, "https://\(host):\(port)/a") }
                #expect(error == .gitUnreachable(), "\(host)")
            }
        }
        #expect(came == 0)
        #expect(bench.leftovers.isEmpty)
    }

    @Test("git goes to the address that was looked at, not where the name leads now (hostile 4)")
    func resolvedOnce() async throws {
        // No name server knows this name: whoever comes came by the address that was given.
        let bench = try await StorageBench(
            git: GitRules(
                schemes: ["http"], destinations: GitDestinations(allowed: ["127.0.0.1"].compactMap { GitDestinations.PrivateHost($0) }),
                timeLimit: .seconds(2),
                network: HostNetwork(addresses: { _ in [IPAddress(ipv4: 0x7f00_0001)] }, own: { [] })))
        let came = try await listening { port in
            let error = await #expect(throws: WeirError.self) { try await clone(bench, "http://git.weir.invalid:\(port)/a") }
            #expect(error == .gitUnreachable())
        }
        #expect(came == 1)
    }

    @Test("refused, closed, silent, and no repository get one answer in the same time (hostile 4)")
    func oneAnswer() async throws {
        let step = Duration.milliseconds(1500)
        let bench = try await StorageBench(
            git: GitRules(
                schemes: ["http"], destinations: GitDestinations(allowed: ["127.0.0.1"].compactMap { GitDestinations.PrivateHost($0) }),
                timeLimit: .seconds(300), answerStep: step, network: .system))
        _ = try await listening { silent in
            for address in ["http://127.0.0.1:\(silent)/a", "http://127.0.0.1:1/a", "http://10.0.0.1/a", "http://no.invalid/a"] {
                let begin = ContinuousClock.now
                let error = await #expect(throws: WeirError.self) { try await clone(bench, address) }
                #expect(error == .gitUnreachable(), "\(address)")
                let took = ContinuousClock.now - begin
                // A silent server holds its thread no longer than a question takes, and not until the limit of a clone.
                #expect(took >= step && took < .seconds(60), "\(address) \(took)")
            }
        }
    }

    @Test("a clone that takes too long is ended with all its processes")
    func timeLimit() async throws {
        let bench = try await StorageBench(
            git: GitRules(
                schemes: ["git"], destinations: GitDestinations(allowed: ["127.0.0.1"].compactMap { GitDestinations.PrivateHost($0) }),
                timeLimit: .milliseconds(300), network: .system))
        _ = try await listening { port in
            let error = await #expect(throws: WeirError.self) { try await clone(bench, "git://127.0.0.1:\(port)/a") }
            #expect(error?.code == "git_unreachable")
        }
        #expect(bench.leftovers.isEmpty)
    }

    @Test("a person runs two clones at once, and no third")
    func turns() throws {
        let turns = CloneTurns()
        let (ada, bob): (Identifier<Account>, Identifier<Account>) = (StorageBench.identifier(), StorageBench.identifier())
        try turns.begin(ada)
        try turns.begin(ada)
        #expect(#expect(throws: WeirError.self) { try turns.begin(ada) }?.code == "too_many_clones")
        try turns.begin(bob)
        turns.end(ada)
        try turns.begin(ada)
    }
}
