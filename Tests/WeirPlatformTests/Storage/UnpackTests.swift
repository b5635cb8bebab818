import Foundation
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
        _ = try await bench.store.unpack(FilePath("a.zip"), in: bench.draft, into: .root)
        #expect(try await bench.names("训练") == ["数据.txt"])
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

    @Test("a name over 255 bytes or with a control character is refused (X20)")
    func names() async throws {
        let bench = try await StorageBench()
        let error = try await refusal(Archives.tar([.init(name: "a\u{1}b", content: [1])]), "bad.tar", in: bench)
        #expect(error?.code == "bad_file_name" && error?.rule == "X20")
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
