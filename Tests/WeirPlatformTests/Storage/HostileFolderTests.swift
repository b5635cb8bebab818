import Foundation
import Logging
import NIOCore
import TestSupport
import Testing
import WeirModel

@testable import WeirPlatform

/// Finding "hostile 1": depth and number of what stands in a folder are a tenant's to choose.
@Suite("Folders beyond reason", .serialized)
struct HostileFolderTests {
    private let logger = Logger(label: "test")

    @Test("a folder of 100,000 levels is counted, listed, packed, refused as a version and deleted (hostile 1)")
    func deep() async throws {
        let bench = try await StorageBench(in: "/dev/shm")
        let (store, code) = (bench.store, bench.code)
        try await store.makeFolder(code, at: FilePath("a/b"))
        try HostileFolder.makeDeep(in: bench.path(code, "a"))

        let size = try await store.measure(code)
        #expect(size.folders == HostileFolder.levels + 2 && size.files == 1 && size.size == 1)
        #expect(try await store.weigh([code]) == FolderWeight(bytes: 1, files: 1))
        #expect(try await bench.names("a/d/d", in: code) == ["d"])

        var archive = ByteBuffer()
        for try await var piece in try await store.archive(code) { archive.writeBuffer(&piece) }
        let text = String(buffer: archive)
        #expect(text.contains("a/b/") && text.contains("LEFT-OUT.txt") && text.contains("a/d/d/d/d"))

        let tree = StorageBench.tree()
        for rule in [LinkRule.kept, .inside] {
            let refusal = await #expect(throws: WeirError.self) { try await bench.freeze(code, as: tree, links: rule) }
            #expect(refusal?.code == "path_too_deep")
        }
        #expect(!bench.isThere(bench.folder(tree)) && bench.leftovers.isEmpty)

        let deeper = await #expect(throws: WeirError.self) { try await store.rename(code, from: FilePath("a"), to: FilePath("b/a")) }
        #expect(deeper?.code == "path_too_deep")
        try await store.rename(code, from: FilePath("a"), to: FilePath("c"))
        try await store.delete(code, at: FilePath("c"))
        #expect(try await bench.names(in: code) == [])
        // On a busy machine some of it is left for the clearing beside.
        try await store.clearGraves(logger: Logger(label: "weir.test"))
        #expect(bench.leftovers.isEmpty)
    }

    @Test("a draft of 100,000 levels is given to SFTP's user and discarded; 200,000 files in one folder are no matter, either (hostile 1)")
    func draft() async throws {
        let bench = try await StorageBench(in: "/dev/shm")
        let (store, draft) = (bench.store, bench.draft)
        try await store.makeFolder(draft, at: FilePath("w"))
        try HostileFolder.makeDeep(in: bench.path(draft, ""))
        try HostileFolder.makeWide(in: bench.path(draft, "w"))
        #expect(chmod(bench.path(draft, "w"), 0o7777) == 0)
        try await store.giveFolders(of: draft, to: 65_533)
        let wide = try bench.status(draft, "w")
        #expect(wide.st_uid == 65_533 && wide.st_mode & 0o7000 == 0)
        #expect(try bench.status(draft, String(repeating: "d/", count: 1900)).st_uid == 65_533)

        #expect(try await store.measure(draft, at: FilePath("w")).files == HostileFolder.entries)
        let page = try await store.list(draft, at: FilePath("w"), after: "f1999", limit: 3)
        #expect(page.entries.map(\.name) == ["f19990", "f199900", "f199901"] && page.next == "f199901")
        try await store.discardDraft(of: bench.asset, in: bench.workspace)
        #expect(!bench.isThere(draft) && bench.leftovers.isEmpty)
    }

    @Test("what an earlier start left is out of the way at once, however deep and wide, and gone soon after (hostile 1)")
    func start() async throws {
        let bench = try await StorageBench(in: "/dev/shm")
        try await bench.put("mine", "a")
        for name in ["removed-1", "unpack-1"] {
            try FileManager.default.createDirectory(atPath: bench.path(.staging) + "/" + name, withIntermediateDirectories: true)
        }
        try HostileFolder.makeDeep(in: bench.path(.staging) + "/removed-1")
        try HostileFolder.makeWide(in: bench.path(.staging) + "/unpack-1")
        let next = bench.reopened()
        let begun = ContinuousClock.now
        #expect(try await next.list(bench.draft).entries.count == 1)
        #expect(ContinuousClock.now - begun < .seconds(2))
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.path(.staging)) == [])
        // Two who clear the same do not hinder each other.
        async let one: Void = next.clearGraves(logger: logger)
        async let two: Void = next.clearGraves(logger: logger)
        _ = try await (one, two)
        #expect(bench.leftovers.isEmpty)
        #expect(try await next.volumesWithLost() == [])
        #expect(try await bench.text("a") == "mine")
    }

    @Test("what cannot be removed is put aside and counted, and the rest goes (hostile 1)")
    func lost() async throws {
        let bench = try await StorageBench()
        try await bench.put("mine", "a")
        try FileManager.default.createDirectory(atPath: bench.path(.graves) + "/removed-1", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: bench.path(.graves) + "/removed-2/x/y", withIntermediateDirectories: true)
        let stuck = bench.path(.graves) + "/removed-1/stuck"
        #expect(close(creat(stuck, 0o644)) == 0)
        #expect(try await run("/usr/bin/chattr", "+i", stuck) == 0)
        try await bench.store.clearGraves(logger: logger)
        #expect(bench.leftovers.isEmpty)
        #expect(try await bench.store.volumesWithLost() == [.workspace(bench.workspace)])
        #expect(try await run("/usr/bin/chattr", "-i", bench.path(.lost) + "/removed-1/stuck") == 0)
    }

    @Test("chains of folders are not put below each other until they are too deep, by no way that Weir has (X20)")
    func chains() async throws {
        let bench = try await StorageBench()
        let (store, draft) = (bench.store, bench.draft)
        let chain = Array(repeating: "d", count: 40).joined(separator: "/")
        try await bench.put("1", "a/\(chain)/f")
        try await store.makeFolder(draft, at: FilePath("b/\(chain)"))
        let below = try FilePath("b/\(chain)/a")
        let attempts: [@Sendable () async throws -> Void] = [
            { try await store.rename(draft, from: FilePath("a"), to: below) },
            { try await store.makeFolder(draft, at: FilePath("b/\(chain)/\(chain)")) },
            { try await store.write(StorageBench.body("x"), to: draft, at: FilePath("b/\(chain)/\(chain)/f")) },
        ]
        for attempt in attempts {
            let refusal = await #expect(throws: WeirError.self) { try await attempt() }
            #expect(refusal?.code == "path_too_deep" && refusal?.rule == "X20")
        }
        let archive = bench.path(draft, "chain.tar")
        #expect(try await run("/usr/bin/tar", "-cf", archive, "-C", bench.path(draft, "a"), "d") == 0)
        _ = try await store.unpack(FilePath("chain.tar"), in: draft, into: FilePath("e"))
        let unpacked = await #expect(throws: WeirError.self) {
            try await store.unpack(FilePath("chain.tar"), in: draft, into: FilePath("b/\(chain)"))
        }
        #expect(unpacked?.code == "path_too_deep")
        // 1 + 40 + the file, below 22: as deep as it may be.
        let high = try FilePath("h/" + Array(repeating: "d", count: 21).joined(separator: "/") + "/a")
        try await store.rename(draft, from: FilePath("a"), to: high)
        #expect(try await bench.text("\(high)/\(chain)/f") == "1")
        #expect(bench.leftovers.isEmpty)
    }
}
