import Foundation
import NIOCore
import TestSupport
import Testing
import WeirModel
import WeirPlatform

@Suite("Unpacking")
struct UnpackTests {
    private func gzip(_ bytes: [UInt8], in bench: StorageBench) async throws -> [UInt8] {
        let path = bench.folder.path + "/plain.tar"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(try await run("/usr/bin/gzip", "-f", path) == 0)
        return Array(try Data(contentsOf: URL(fileURLWithPath: path + ".gz")))
    }

    private func refusal(_ archive: [UInt8], _ name: String, in bench: StorageBench) async throws -> WeirError? {
        try await bench.put("kept", "kept.txt")
        try await bench.put(archive, name)
        let before = try bench.content(bench.draft)
        let error = await #expect(throws: WeirError.self) {
            try await bench.store.unpack(FilePath(name), in: bench.draft, into: .root)
        }
        #expect(try bench.content(bench.draft) == before, "the draft is unharmed")
        #expect(bench.leftovers.isEmpty)
        return error
    }

    @Test("tar, tar.gz, zip and rar give their files, which then belong to root and to no one's group (DAT-03, MOD-03)")
    func formats() async throws {
        let bench = try await StorageBench()
        let tar = Archives.tar([
            .init(name: "d/", type: "5", mode: 0o700), .init(name: "d/一.txt", content: Array("tar".utf8)),
            .init(name: "d/run", content: Array("x".utf8), mode: 0o4755 & 0o777),
            .init(name: "d/l", type: "2", target: "一.txt"), .init(name: "d/h", type: "1", target: "d/run"),
        ])
        try await bench.put(tar, "a.tar")
        try await bench.put(await gzip(tar, in: bench), "a.tar.gz")
        try await bench.put(Archives.zip([(Array("d/二.txt".utf8), Array("zip".utf8))]), "a.zip")
        try await bench.put(Archives.rar([("three.txt", Array("rar".utf8))]), "a.rar")
        for (archive, folder) in [("a.tar", "t"), ("a.tar.gz", "g")] {
            let unpacked = try await bench.store.unpack(FilePath(archive), in: bench.draft, into: FilePath(folder))
            #expect(unpacked.files == 4)
            #expect(try await bench.text(folder + "/d/一.txt") == "tar")
            #expect(try bench.status(bench.draft, folder + "/d/run").st_mode & 0o7777 == 0o755)
            #expect(try bench.status(bench.draft, folder + "/d/一.txt").st_uid == 0)
            #expect(try bench.status(bench.draft, folder + "/d").st_mode & 0o7777 == 0o755)
        }
        _ = try await bench.store.unpack(FilePath("a.zip"), in: bench.draft, into: FilePath("z"))
        _ = try await bench.store.unpack(FilePath("a.rar"), in: bench.draft, into: .root)
        #expect(try await bench.text("three.txt") == "rar")
        let tree = StorageBench.tree()
        #expect(try await bench.freeze(bench.draft, as: tree).files == 14)
    }

    @Test("a zip of Chinese Windows keeps its names")
    func chineseNames() async throws {
        let bench = try await StorageBench()
        // 训练/数据.txt in GBK.
        let name: [UInt8] = [0xd1, 0xb5, 0xc1, 0xb7, 0x2f, 0xca, 0xfd, 0xbe, 0xdd, 0x2e, 0x74, 0x78, 0x74]
        try await bench.put(Archives.zip([(name, [1])]), "a.zip")
        // The reading of the names is shown before they are used.
        let guessed = await #expect(throws: WeirError.self) {
            try await bench.store.unpack(FilePath("a.zip"), in: bench.draft, into: .root)
        }
        #expect(guessed?.code == "archive_charset")
        #expect(guessed?.message.en.contains("They read as GBK: “训练/数据.txt”") == true)
        _ = try await bench.store.unpack(FilePath("a.zip"), in: bench.draft, into: .root, charset: .gbk)
        #expect(try await bench.names("训练") == ["数据.txt"])
    }

    @Test(
        "names of other countries are guessed, shown, and read in the charset that is chosen (bugs R2, hostile 10)",
        arguments: [
            (.big5, [0xB0, 0x56, 0xBD, 0x6D, 0xB8, 0xEA, 0xAE, 0xC6], "訓練資料"),
            (.shiftJIS, [0x83, 0x65, 0x83, 0x58, 0x83, 0x67], "テスト"),
            (.eucKR, [0xB5, 0xA5, 0xC0, 0xCC, 0xC5, 0xCD], "데이터"),
            (.cp850, [0x43, 0x61, 0x66, 0x82], "Café"), (.cp437, [0x43, 0x61, 0x66, 0x82], "Café"),
        ] as [(ArchiveCharset, [UInt8], String)])
    func charsets(charset: ArchiveCharset, bytes: [UInt8], name: String) async throws {
        let bench = try await StorageBench()
        try await bench.put(Archives.zip([(bytes + Array(".txt".utf8), [1]), (Array("plain.txt".utf8), [2])]), "a.zip")
        let guessed = try await refusalOfUnpacking("a.zip", in: bench)
        #expect(guessed?.code == "archive_charset" && guessed?.rule == "DAT-03")
        #expect(guessed?.message.en.contains(name + ".txt") == true, "\(guessed?.message.en ?? "")")
        _ = try await bench.store.unpack(FilePath("a.zip"), in: bench.draft, into: FilePath("out"), charset: charset)
        #expect(
            try await bench.names("out")
                == [name + ".txt", "plain.txt"].sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
        _ = try await bench.store.unpack(FilePath("a.zip"), in: bench.draft, into: FilePath("raw"), charset: .raw)
        #expect(try await bench.names("raw").contains(FileNameText.text(of: bytes) + ".txt"))
    }

    private func refusalOfUnpacking(_ archive: String, in bench: StorageBench) async throws -> WeirError? {
        await #expect(throws: WeirError.self) { try await bench.store.unpack(FilePath(archive), in: bench.draft, into: .root) }
    }

    /// 训练 and 数据 in GBK.
    private static let training: [UInt8] = [0xD1, 0xB5, 0xC1, 0xB7]
    private static let data: [UInt8] = [0xCA, 0xFD, 0xBE, 0xDD]

    @Test(
        "the names in a tar and in a RAR are guessed, shown, and read in the charset that is chosen, as those in a zip are (DAT-03, bugs R2)",
        arguments: ["a.tar", "a.tar.gz", "a.rar"])
    func charsetsOfStreams(archive: String) async throws {
        let bench = try await StorageBench()
        let name = Self.training + [0x2F] + Self.data
        let bytes: [UInt8]
        switch archive {
        case "a.rar": bytes = Archives.rar(bytes: [(Array("é.txt".utf8), [2]), (name, [1])])
        case "a.tar": bytes = Archives.tar([.init(name: "é.txt", content: [2]), .init(bytes: name, content: [1])])
        default: bytes = try await gzip(Archives.tar([.init(name: "é.txt", content: [2]), .init(bytes: name, content: [1])]), in: bench)
        }
        let guessed = try await refusal(bytes, archive, in: bench)
        #expect(guessed?.code == "archive_charset" && guessed?.rule == "DAT-03")
        #expect(guessed?.message.en.contains("They read as GBK: “训练/数据”") == true, "\(guessed?.message.en ?? "")")
        _ = try await bench.store.unpack(FilePath(archive), in: bench.draft, into: FilePath("out"), charset: .gbk)
        // What is UTF-8 stays.
        #expect(try await bench.names("out") == ["é.txt", "训练"])
        #expect(try await bench.names("out/训练") == ["数据"])
        _ = try await bench.store.unpack(FilePath(archive), in: bench.draft, into: FilePath("raw"), charset: .raw)
        #expect(try await bench.names("raw/" + FileNameText.text(of: Self.training)) == [FileNameText.text(of: Self.data)])
    }

    @Test("a link in a tar leads to its file by the name that it has in the charset that is chosen (DAT-03)")
    func charsetsOfLinks() async throws {
        let bench = try await StorageBench()
        try await bench.put(
            Archives.tar([
                .init(bytes: Self.data, content: Array("one".utf8)), .init(bytes: Array("hard".utf8), type: "1", target: Self.data),
                .init(bytes: Array("soft".utf8), type: "2", target: Self.data),
            ]), "a.tar")
        _ = try await bench.store.unpack(FilePath("a.tar"), in: bench.draft, into: FilePath("d"), charset: .gbk)
        #expect(try await bench.text("d/hard") == "one")
        let place = bench.path(bench.draft, "d/soft")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: place) == "数据")
    }

    @Test("a name in a tar that does not fit the charset that was chosen is named, and nothing is unpacked (DAT-03, review 4)")
    func wrongCharsetOfStream() async throws {
        let bench = try await StorageBench()
        try await bench.put(Archives.tar([.init(bytes: Self.data, content: [1]), .init(bytes: [0xFF, 0xFF], content: [1])]), "a.tar")
        let wrong = await #expect(throws: WeirError.self) {
            try await bench.store.unpack(FilePath("a.tar"), in: bench.draft, into: .root, charset: .gbk)
        }
        #expect(wrong?.code == "archive_charset_wrong" && wrong?.message.en.contains(#"\xFF"#) == true, "\(wrong?.message.en ?? "")")
        #expect(try await bench.names() == ["a.tar"])
        #expect(bench.leftovers.isEmpty)
    }

    @Test(
        "a character in the name in a RAR whose second byte looks like a backslash is no folder (bugs R2)",
        arguments: [
            // 目錄/許功蓋.txt, and テスト/表.
            (.big5, [0xA5, 0xD8, 0xBF, 0xFD, 0x5C, 0xB3, 0x5C, 0xA5, 0x5C, 0xBB, 0x5C], "目錄", "許功蓋"),
            (.shiftJIS, [0x83, 0x65, 0x83, 0x58, 0x83, 0x67, 0x5C, 0x95, 0x5C], "テスト", "表"),
        ] as [(ArchiveCharset, [UInt8], String, String)])
    func backslashes(charset: ArchiveCharset, bytes: [UInt8], folder: String, name: String) async throws {
        let bench = try await StorageBench()
        let guessed = try await refusal(Archives.rar(bytes: [(bytes, [1])]), "a.rar", in: bench)
        #expect(guessed?.message.en.contains("“\(folder)/\(name)”") == true, "\(guessed?.message.en ?? "")")
        _ = try await bench.store.unpack(FilePath("a.rar"), in: bench.draft, into: FilePath("out"), charset: charset)
        #expect(try await bench.names("out/" + folder) == [name])
    }

    @Test("two names that differ by normalisation stay two, in zip and in tar (bugs F7)")
    func normalisation() async throws {
        let bench = try await StorageBench()
        let (composed, decomposed) = ("caf\u{e9}.txt", "cafe\u{301}.txt")
        try await bench.put(
            Archives.zip([(Array(composed.utf8), Array("one".utf8)), (Array(decomposed.utf8), Array("two".utf8))]), "a.zip")
        try await bench.put(
            Archives.tar([.init(name: composed, content: Array("one".utf8)), .init(name: decomposed, content: Array("two".utf8))]), "a.tar")
        for archive in ["a.zip", "a.tar"] {
            let folder = try FilePath("of-" + archive)
            #expect(try await bench.store.unpack(FilePath(archive), in: bench.draft, into: folder).files == 2)
            #expect(try await bench.text("\(folder)/\(composed)") == "one")
            #expect(try await bench.text("\(folder)/\(decomposed)") == "two")
        }
    }

    @Test("a name that reads like a listing of a link is a name (bugs F10)", arguments: ["zip", "tar"])
    func linkTo(_ format: String) async throws {
        let bench = try await StorageBench()
        let names = ["how to link to A.txt", "how to link to B.txt", "a -> b", "C:x\\y"]
        try await bench.put(
            format == "zip"
                ? Archives.zip(names.map { (Array($0.utf8), Array($0.utf8)) })
                : Archives.tar(names.map { .init(name: $0, content: Array($0.utf8)) }), "a." + format)
        #expect(try await bench.store.unpack(FilePath("a." + format), in: bench.draft, into: FilePath("d")).files == names.count)
        for name in names where format == "tar" || !name.contains("\\") { #expect(try await bench.text("d/" + name) == name) }
    }

    @Test("an empty archive, a part of a set and names that share one content are told as such (hostile 10)")
    func toldAsSuch() async throws {
        let bench = try await StorageBench()
        for name in ["a.tar.gz", "b.tar", "c.zip", "d.rar"] {
            #expect(try await refusal([], name, in: bench)?.code == "archive_empty")
        }
        #expect(try await refusal(Archives.zip([]), "e.zip", in: bench)?.code == "archive_empty")
        #expect(try await refusal(Archives.tar([]), "f.tar", in: bench)?.code == "archive_empty")
        #expect(try await refusal(await gzip(Archives.tar([]), in: bench), "g.tar.gz", in: bench)?.code == "archive_empty")
        #expect(try await refusal(Archives.rar([("a", [1])], flags: 1), "h.rar", in: bench)?.code == "archive_is_volume")
        #expect(try await refusal(Archives.rar([("a", [1])], flags: 0x80), "i.rar", in: bench)?.code == "archive_encrypted")
        #expect(try await refusal(Archives.rar([("a", [1])], fileFlags: 4), "j.rar", in: bench)?.code == "archive_encrypted")
        #expect(try await refusal(Array("RE~^".utf8) + [1, 2, 3, 4, 5], "k.rar", in: bench)?.code == "archive_too_old")
        let shared = Archives.zip([(Array("a".utf8), [1]), (Array("b".utf8), [1])], sharingOne: true)
        #expect(try await refusal(shared, "l.zip", in: bench)?.code == "archive_damaged")
    }

    @Test(
        "any bytes that a file system takes for a name come out of a tar, and none blocks the others (bugs F5, F6)",
        arguments: Property.seeds(5))
    func anyNames(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let bench = try await StorageBench()
        var names: Set<[UInt8]> = []
        while names.count < 30 {
            let name = (0..<Int.random(in: 1...60, using: &random)).map { _ in UInt8.random(in: 1...255, using: &random) }
            let clean = name.filter { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ".") }
            if !clean.isEmpty { names.insert(clean) }
        }
        try await bench.put(Archives.tar(names.map { .init(bytes: $0, content: $0) }), "a.tar")
        let unpacked = try await bench.store.unpack(FilePath("a.tar"), in: bench.draft, into: FilePath("d"), charset: .raw)
        #expect(unpacked.files == 30, "seed \(seed)")
        for name in names {
            let file = try await bench.store.open(bench.draft, at: FilePath("d/" + FileNameText.text(of: name)))
            #expect(Array(buffer: try await file.read(at: 0, count: 100)) == name, "seed \(seed): \(name)")
        }
    }

    @Test(
        "what leaves the folder, is a device or carries setuid is refused by rule, the draft unharmed (X20, DAT-03)",
        arguments: [
            ("path_leaves_folder", [.init(name: "ok", content: [1]), .init(name: "../evil", content: [1])]),
            ("path_leaves_folder", [.init(name: "/tmp/weir-evil", content: [1])]),
            ("link_leaves_folder", [.init(name: "l", type: "2", target: "/etc/passwd")]),
            ("link_leaves_folder", [.init(name: "d/l", type: "2", target: "../../x")]),
            ("link_leaves_folder", [.init(name: "h", type: "1", target: "/etc/passwd")]),
            ("special_file", [.init(name: "dev", type: "3")]),
            ("special_file", [.init(name: "pipe", type: "6")]),
            ("special_file", [.init(name: "s", content: [1], mode: 0o4755)]),
        ] as [(String, [Archives.Entry])])
    func evil(code: String, entries: [Archives.Entry]) async throws {
        let bench = try await StorageBench()
        let error = try await refusal(Archives.tar(entries), "evil.tar", in: bench)
        #expect(error?.code == code)
        #expect(error?.rule == "X20")
    }

    @Test("a file cannot be written through a link of the same archive (X20)")
    func throughLink() async throws {
        let bench = try await StorageBench()
        let outside = bench.folder.path + "/outside"
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
        #expect(chmod(outside, 0o777) == 0)
        let error = try await refusal(
            Archives.tar([
                .init(name: "l", type: "2", target: outside), .init(name: "l/evil", content: [1]),
            ]), "evil.tar", in: bench)
        #expect(error != nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: outside).isEmpty)
    }

    @Test("bombs are refused by count, by size and by ratio (DAT-03)")
    func bombs() async throws {
        let limits = UnpackLimits(size: .mib(8), files: 20, ratio: 10, ratioFrom: .kib(64))
        let bench = try await StorageBench(limits: limits)
        let many = (0..<21).map { Archives.Entry(name: "f\($0)") }
        #expect(try await refusal(Archives.tar(many), "many.tar", in: bench)?.code == "archive_too_many_files")
        let zeros = Archives.tar([.init(name: "z", content: [UInt8](repeating: 0, count: 4 << 20))])
        #expect(try await refusal(await gzip(zeros, in: bench), "ratio.tar.gz", in: bench)?.code == "archive_ratio")
        let large = Archives.tar([.init(name: "z", content: [UInt8](repeating: 0, count: 9 << 20))])
        #expect(try await refusal(large, "large.tar", in: bench)?.code == "archive_too_large")
    }

    @Test("an archive that cannot be unpacked whole is refused: cut off, encrypted, solid rar, not what its name says (DAT-35)")
    func damaged() async throws {
        let bench = try await StorageBench()
        let tar = Archives.tar([.init(name: "a", content: [UInt8](repeating: 5, count: 4000))])
        #expect(try await refusal(Array(tar.prefix(2000)), "cut.tar", in: bench)?.code == "archive_damaged")
        let locked = Archives.zip([(Array("a".utf8), [UInt8](repeating: 1, count: 40))], encrypted: true)
        #expect(try await refusal(locked, "locked.zip", in: bench)?.code == "archive_encrypted")
        let solid = Archives.rar([("a", [1]), ("b", [2])], solid: true)
        #expect(try await refusal(solid, "solid.rar", in: bench)?.code == "archive_damaged")
        #expect(try await refusal(Array("no archive".utf8), "text.zip", in: bench)?.code == "archive_damaged")
        #expect(try await refusal([1], "a.bin", in: bench)?.code == "not_an_archive")
    }

    @Test(
        "a size that no disk has room for is damage, whatever the entry is, and nothing of Weir breaks on it (review 1)",
        arguments: [
            [.saying(.max, name: "a", type: "V")], [.saying(.max, name: "a", type: "0")], [.saying(.max, name: "a", type: "3")],
            [.init(name: "f", content: [1]), .saying(.max, name: "a", type: "1", target: "f")], [.saying(-1, name: "a", type: "0")],
            [.saying(Int64.max - 511, name: "a", type: "V")],
            [.init(name: "p", content: Array("28 size=9223372036854775807\n".utf8), type: "x"), .init(name: "a", content: [1])],
            [
                .init(name: "f", content: [1]), .init(name: "p", content: Array("28 size=9223372036854775807\n".utf8), type: "x"),
                .init(name: "a", type: "1", target: "f"),
            ],
            [.init(name: "p", content: Array("11 size=-1\n".utf8), type: "x"), .init(name: "a", content: [1])],
        ] as [[Archives.Entry]])
    func endlessSizes(entries: [Archives.Entry]) async throws {
        let bench = try await StorageBench()
        #expect(try await refusal(Archives.tar(entries), "a.tar", in: bench)?.code == "archive_damaged")
    }

    @Test("numbers in a zip or a RAR that lead out of it are damage, and nothing of Weir breaks on them (review 2)")
    func endlessNumbers() async throws {
        let bench = try await StorageBench()
        for (number, zip) in [
            Archives.largeZip(length: .max), Archives.largeZip(length: -1), Archives.largeZip(place: .max), Archives.largeZip(place: .min),
            Archives.largeZip(length: 1 << 40),
        ].enumerated() {
            #expect(try await refusal(zip, "\(number).zip", in: bench)?.code == "archive_damaged", "\(number)")
        }
        // The content's length in two halves, of an entry whose head begins at 20.
        var old = Archives.rar([("abcd", [1])], fileFlags: 0x100)
        old.replaceSubrange(27..<31, with: [0xff, 0xff, 0xff, 0xff])
        for (number, top) in [UInt8(0x7f), 0xff].enumerated() {
            old.replaceSubrange(52..<56, with: [0xff, 0xff, 0xff, top])
            #expect(try await refusal(old, "old\(number).rar", in: bench)?.code == "archive_damaged", "\(top)")
        }
        let new = Self.newRar([2, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])
        #expect(try await refusal(new, "new.rar", in: bench)?.code == "archive_damaged")
    }

    /// A RAR 5 with one head after the archive's own.
    private static func newRar(_ head: [UInt8]) -> [UInt8] {
        var rar: [UInt8] = [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07, 0x01, 0x00]
        rar += [0, 0, 0, 0, 3, 1, 0, 0]
        rar += [0, 0, 0, 0]
        return rar + sevenBits(head.count) + head
    }

    private static func sevenBits(_ number: Int) -> [UInt8] {
        number < 0x80 ? [UInt8(number)] : [UInt8(number & 0x7f | 0x80)] + sevenBits(number >> 7)
    }

    @Test("a RAR whose head has half a million fields is told to be damaged at once (review 3)", .timeLimit(.minutes(1)))
    func manyFields() async throws {
        let bench = try await StorageBench()
        let fields = (0..<1_000_000).map { UInt8($0 % 2 + 1) }
        let begin: [UInt8] = [2, 1]
        let rar = Self.newRar(begin + Self.sevenBits(fields.count) + fields)
        #expect(try await refusal(rar, "a.rar", in: bench)?.code == "archive_damaged")
    }

    @Test("what the first thousand names read as is shown, and a later name that does not fit is named (review 4)")
    func manyNames() async throws {
        let bench = try await StorageBench()
        // 训练 in GBK, and at the end what is nothing in it.
        let training: [UInt8] = [0xd1, 0xb5, 0xc1, 0xb7]
        var names = (0..<1_010).map { training + Array("\($0)".utf8) }
        names.append([0xff, 0xff])
        try await bench.put(Archives.zip(names.map { (name: $0, content: [UInt8(1)]) }), "a.zip")
        let guessed = try await refusalOfUnpacking("a.zip", in: bench)
        #expect(guessed?.code == "archive_charset" && guessed?.message.en.contains("GBK") == true, "\(guessed?.message.en ?? "")")
        let wrong = await #expect(throws: WeirError.self) {
            try await bench.store.unpack(FilePath("a.zip"), in: bench.draft, into: .root, charset: .gbk)
        }
        #expect(wrong?.code == "archive_charset_wrong" && wrong?.message.en.contains(#"\xFF"#) == true, "\(wrong?.message.en ?? "")")
        #expect(try await bench.names() == ["a.zip"])
    }

    @Test("a name over 255 bytes is refused, and one with a control character comes out under it (X20, bugs F6)")
    func names() async throws {
        let bench = try await StorageBench()
        let long = Archives.tar([
            .init(name: "paxHeader", content: Array("266 path=\(String(repeating: "n", count: 256))\n".utf8), type: "x"),
            .init(name: "x", content: [1]),
        ])
        let error = try await refusal(long, "bad.tar", in: bench)
        #expect(error?.code == "bad_file_name" && error?.rule == "X20")
        try await bench.put(Archives.tar([.init(name: "a\u{1}b", content: [1])]), "odd.tar")
        _ = try await bench.store.unpack(FilePath("odd.tar"), in: bench.draft, into: FilePath("d"))
        #expect(try await bench.names("d") == [#"a\x01b"#])
    }

    @Test("files of the same name are replaced; where a folder stands against a file, nothing is unpacked (DAT-05)")
    func merging() async throws {
        let bench = try await StorageBench()
        try await bench.put("old", "d/a")
        try await bench.put("other", "d/b")
        try await bench.put(Archives.tar([.init(name: "d/a", content: Array("new".utf8))]), "ok.tar")
        _ = try await bench.store.unpack(FilePath("ok.tar"), in: bench.draft, into: .root)
        #expect(try await bench.text("d/a") == "new")
        #expect(try await bench.text("d/b") == "other")
        let error = try await refusal(
            Archives.tar([.init(name: "c", content: [1]), .init(name: "d", content: [1])]), "bad.tar", in: bench)
        #expect(error?.code == "path_taken")
    }
}
