import Foundation
import NIOCore
import TestSupport
import Testing
import WeirModel

@testable import WeirPlatform

/// Names as environments, jobs, SFTP, rsync and git make them: any bytes that a file system takes.
@Suite("Names in folders")
struct NameTests {
    private static let odd: [[UInt8]] = [
        [0xCA, 0xFD, 0xBE, 0xDD],  // GBK
        Array("new\nline".utf8), Array("tab\t.txt".utf8), Array("caf\u{e9}".utf8), Array("cafe\u{301}".utf8), Array(#"a\xFFb"#.utf8),
        [0xFF], Array("\u{85}".utf8), Array("\u{2028}".utf8), Array(" ".utf8), Array("-rf".utf8), Array(#"C:\x"#.utf8),
    ]

    private static func make(_ name: [UInt8], in folder: String, content: String) throws {
        let path = Array((folder + "/").utf8) + name + [0]
        let number = path.withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { Glibc.open($0.baseAddress!, O_WRONLY | O_CREAT | O_TRUNC, 0o644) }
        }
        guard number >= 0 else { throw SystemFault.current("open", folder) }
        _ = content.withCString { write(number, $0, strlen($0)) }
        close(number)
    }

    private static func random(_ random: inout SeededRandom) -> [UInt8] {
        let name = (0..<Int.random(in: 1...40, using: &random)).map { _ in UInt8.random(in: 1...255, using: &random) }
        return name.filter { $0 != UInt8(ascii: "/") } + [0xFF]
    }

    @Test(
        "whatever a program called its files, each is listed, read, renamed, packed, frozen and deleted, and none hides another (bugs F5, F6, hostile 9)",
        arguments: Property.seeds(3))
    func everyWay(seed: UInt64) async throws {
        var generator = SeededRandom(seed: seed)
        let bench = try await StorageBench()
        let code = bench.code
        let folder = try await bench.store.make(code)
        var names = Self.odd
        while names.count < Self.odd.count + 30 {
            let name = Self.random(&generator)
            if !names.contains(name) { names.append(name) }
        }
        for (number, name) in names.enumerated() { try Self.make(name, in: folder, content: "\(number)") }

        // In pages, so that a name leads on to the next page as well.
        var entries: [FileEntry] = []
        var after: String?
        repeat {
            let page = try await bench.store.list(code, after: after, limit: 5)
            entries += page.entries
            after = page.next
        } while after != nil
        #expect(entries.count == names.count, "seed \(seed)")

        // A version has them all, each with its content.
        let tree = StorageBench.tree()
        #expect(try await bench.freeze(code, as: tree).files == names.count)
        for place in [code, bench.folder(tree)] {
            for (number, name) in names.enumerated() {
                let path = try FilePath(FileNameText.text(of: name))
                let file = try await bench.store.open(place, at: path)
                #expect(String(buffer: try await file.read(at: 0, count: 10)) == "\(number)", "seed \(seed): \(name)")
            }
        }

        // So has an archive, byte by byte, as tar itself reads it.
        let packed = bench.folder.path + "/all.tar"
        var bytes: [UInt8] = []
        for try await part in try await bench.store.archive(code) { bytes += Array(buffer: part) }
        try Data(bytes).write(to: URL(fileURLWithPath: packed))
        let out = bench.folder.path + "/out"
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        #expect(try await run("/usr/bin/tar", "-xf", packed, "-C", out) == 0)
        let unpacked = try OpenFolder(trusted: out).names().map(\.bytes)
        #expect(Set(unpacked) == Set(names), "seed \(seed)")

        for (number, name) in names.enumerated() {
            let path = try FilePath(FileNameText.text(of: name))
            if number % 2 == 0 {
                try await bench.store.rename(code, from: path, to: FilePath("good/\(number)"))
                #expect(try await bench.store.entry(code, at: FilePath("good/\(number)"))?.size == Bytes(Int64("\(number)".utf8.count)))
            } else {
                try await bench.store.delete(code, at: path)
            }
        }
        #expect(try await bench.store.list(code).entries.map(\.name) == ["good"])
    }

    @Test("what is typed, or uploaded in the web, is named with 1 to 64 characters; what came on other ways may be longer (DAT-02, X20)")
    func typed() async throws {
        let bench = try await StorageBench()
        let long = String(repeating: "n", count: 65)
        try await bench.put("came by SFTP", long + "/" + long)
        for path in [long + "/new/" + long, long + "2", "a/" + long] {
            let error = await #expect(throws: WeirError.self) { try await bench.store.requireTyped(FilePath(path), in: bench.draft) }
            #expect(error?.code == "bad_file_name" && error?.rule == "DAT-02")
        }
        try await bench.store.requireTyped(FilePath(long + "/" + long), in: bench.draft)
        try await bench.store.requireTyped(FilePath(long + "/short"), in: bench.draft)
        try await bench.put("x", "a.txt")
        await #expect(throws: WeirError.self) {
            try await bench.store.rename(bench.draft, from: FilePath("a.txt"), toTyped: FilePath(long + ".txt"))
        }
        await #expect(throws: WeirError.self) { try await bench.store.makeFolder(bench.draft, atTyped: FilePath("d/" + long)) }
        #expect(try await bench.names() == ["a.txt", long])
    }
}
