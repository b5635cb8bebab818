import Foundation
import NIOCore
import TestSupport
import Testing
import WeirModel
import WeirPlatform

@Suite("Drafts")
struct DraftTests {
    @Test("files of a draft are listed, renamed, moved and deleted before it is confirmed (DAT-05)")
    func changes() async throws {
        let bench = try await StorageBench()
        try await bench.put("1", "b.txt")
        try await bench.put("22", "a.txt")
        try await bench.put("3", "d/c.txt")
        #expect(try await bench.names() == ["a.txt", "b.txt", "d"])
        try await bench.store.rename(bench.draft, from: FilePath("b.txt"), to: FilePath("e/f.txt"))
        #expect(try await bench.text("e/f.txt") == "1")
        let taken = await #expect(throws: WeirError.self) {
            try await bench.store.rename(bench.draft, from: FilePath("a.txt"), to: FilePath("e/f.txt"))
        }
        #expect(taken?.code == "path_taken")
        let inside = await #expect(throws: WeirError.self) {
            try await bench.store.rename(bench.draft, from: FilePath("d"), to: FilePath("d/x"))
        }
        #expect(inside?.code == "path_taken")
        try await bench.store.delete(bench.draft, at: FilePath("d"))
        #expect(try await bench.names() == ["a.txt", "e"])
        let absent = await #expect(throws: WeirError.self) {
            try await bench.store.delete(bench.draft, at: FilePath("d"))
        }
        #expect(absent?.code == "not_found")
        #expect(try await bench.store.measure(bench.draft).size == 3)
        #expect(try await bench.store.entry(bench.draft, at: FilePath("a.txt"))?.size == 2)
    }

    @Test("a long listing comes in pages, each name once, in order")
    func pages() async throws {
        let bench = try await StorageBench()
        for number in 0..<25 { try await bench.put("", "f\(number)") }
        var names: [String] = []
        var after: String?
        repeat {
            let page = try await bench.store.list(bench.draft, after: after, limit: 7)
            names += page.entries.map(\.name)
            after = page.next
        } while after != nil
        #expect(names == (0..<25).map { "f\($0)" }.sorted())
    }

    @Test("a file over the web's limit is refused by rule and leaves nothing (DAT-04, DAT-35)")
    func webLimit() async throws {
        let bench = try await StorageBench()
        try await bench.put("old", "a")
        let error = await #expect(throws: WeirError.self) {
            try await bench.store.write(
                StorageBench.body("new and long"), to: bench.draft, at: FilePath("a"), limit: 5)
        }
        #expect(error?.code == "file_too_large" && error?.rule == "DAT-04")
        #expect(try await bench.text("a") == "old")
        #expect(bench.leftovers.isEmpty)
    }

    @Test("a body that breaks off changes nothing")
    func brokenBody() async throws {
        struct Gone: Error {}
        let bench = try await StorageBench()
        try await bench.put("old", "a")
        let body = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
            continuation.yield(ByteBuffer(string: "half"))
            continuation.finish(throwing: Gone())
        }
        await #expect(throws: Gone.self) { try await bench.store.write(body, to: bench.draft, at: FilePath("a")) }
        #expect(try await bench.text("a") == "old")
        #expect(bench.leftovers.isEmpty)
    }

    @Test("any range of a file can be read, across block borders (R012)")
    func ranges() async throws {
        let bench = try await StorageBench()
        var random = SeededRandom()
        let content = bytes((2 << 20) + 17, &random)
        try await bench.put(content, "f")
        let file = try await bench.store.open(bench.draft, at: FilePath("f"))
        let (size, border) = (Int64(content.count), Int64(1 << 20))
        let ranges: [Range<Int64>] = [0..<size, 5..<6, border - 3..<border + 9, 100..<size + 50]
        for range in ranges {
            var read: [UInt8] = []
            for try await piece in file.bytes(range) { read += piece.readableBytesView }
            #expect(read == Array(content[Int(range.lowerBound)..<min(Int(range.upperBound), content.count)]))
        }
    }

    @Test("a folder is downloaded as a tar that tar itself reads, with long names, links and large files")
    func folderArchive() async throws {
        let bench = try await StorageBench()
        var random = SeededRandom()
        try await bench.put(bytes((1 << 20) + 77, &random), "d/large")
        try await bench.put("text", "d/" + String(repeating: "名", count: 60) + ".txt")
        try await bench.put("", "d/e/empty")
        symlink("large", bench.path(bench.draft, "d/link"))
        mkfifo(bench.path(bench.draft, "d/pipe"), 0o644)
        let out = bench.folder.path + "/out"
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
        var data = Data()
        for try await piece in try await bench.store.archive(bench.draft, at: FilePath("d")) {
            data.append(contentsOf: piece.readableBytesView)
        }
        try data.write(to: URL(fileURLWithPath: out + "/a.tar"))
        #expect(try await run("/usr/bin/tar", "-xf", out + "/a.tar", "-C", out) == 0)
        unlink(bench.path(bench.draft, "d/pipe"))
        #expect(try await run("/usr/bin/diff", "-r", "--no-dereference", bench.path(bench.draft, "d"), out + "/d") == 0)
    }
}
