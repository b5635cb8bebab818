import Foundation
import NIOCore
import TestSupport
import Testing
import WeirModel

@testable import WeirPlatform

/// Findings "F1" and "hostile 5": nothing tells one workspace what another one has.
@Suite("Equal files of strangers")
struct StrangerTests {
    /// What a member can see of a file that was uploaded, confirmed, and mounted into a job.
    private struct Seen: Equatable {
        var added: Bytes
        var links: UInt64
        var isModifiedAsUploaded: Bool
        var blobs: Int
    }

    @Test(
        "whether somebody else has the very file shows in nothing: not in added, times, links or inodes (F1, hostile 5)",
        arguments: [8, 3 << 20])
    func oracle(size: Int) async throws {
        let bench = try await StorageBench()
        var random = SeededRandom()
        let secret = bytes(size, &random)
        let other = bytes(size, &random)
        // The stranger's, long before, as a version and in the code of a job.
        let stranger = StorageBench.identifier(Workspace.self)
        let theirs = StoredFolder.draft(StorageBench.identifier(), in: stranger)
        try await bench.put(secret, "theirs", in: theirs)
        try bench.setModified(theirs, "theirs", 1_600_000_000, 123)
        try await bench.store.freeze(theirs, as: StorageBench.tree(), in: stranger)

        var inodes: Set<UInt64> = []
        func see(_ content: [UInt8], in folder: StoredFolder) async throws -> Seen {
            try await bench.put(content, "guess", in: folder)
            try bench.setModified(folder, "guess", 1_700_000_000, 7)
            let tree = StorageBench.tree()
            let frozen = try await bench.freeze(folder, as: tree)
            let status = try bench.status(bench.folder(tree), "guess")
            inodes.insert(UInt64(status.st_ino))
            return Seen(
                added: frozen.added, links: UInt64(status.st_nlink),
                isModifiedAsUploaded: status.st_mtim.tv_sec == 1_700_000_000 && status.st_mtim.tv_nsec == 7,
                blobs: try FileManager.default.subpathsOfDirectory(atPath: bench.path(.blobs)).count { $0.contains("/") })
        }
        let first = try await see(secret, in: bench.draft)
        let second = try await see(other, in: .draft(StorageBench.identifier(), in: bench.workspace))
        #expect(first.added == Bytes(Int64(size)) && first.isModifiedAsUploaded && first.blobs == 1)
        #expect(second == Seen(added: first.added, links: first.links, isModifiedAsUploaded: true, blobs: 2))
        let third = try await see(bytes(size, &random), in: bench.code)
        // Of live code the copy alone has names: one in the tree, one in the store.
        #expect(third == Seen(added: first.added, links: 2, isModifiedAsUploaded: true, blobs: 3))
        let theirInodes = try FileManager.default.subpathsOfDirectory(
            atPath: bench.store.layout.path(of: .workspace(stranger))
        ).map { path -> UInt64 in
            var status = stat()
            #expect(lstat(bench.store.layout.path(of: .workspace(stranger)) + "/" + path, &status) == 0)
            return UInt64(status.st_ino)
        }
        #expect(inodes.isDisjoint(with: theirInodes))
    }

    @Test("whether a colleague keeps the very file alone shows in nothing either, and the keeper's versions share it (DAT-14, F1)")
    func keptAlone() async throws {
        let bench = try await StorageBench()
        var random = SeededRandom()
        let secret = bytes(4000, &random)
        let keeper = StorageBench.identifier(Account.self)
        func freeze(_ keeper: Identifier<Account>?) async throws -> (added: Bytes, links: UInt64) {
            let draft = StoredFolder.draft(StorageBench.identifier(), in: bench.workspace)
            try await bench.put(secret, "guess", in: draft)
            try bench.setModified(draft, "guess", 1_700_000_000, 7)
            let tree = StorageBench.tree()
            let frozen = try await bench.store.freeze(draft, as: tree, in: bench.workspace, keeper: keeper)
            try await bench.store.remove(draft)
            return (frozen.added, UInt64(try bench.status(bench.folder(tree), "guess").st_nlink))
        }
        let own = try await freeze(keeper)
        #expect(own.added == 4000 && own.links == 2)
        let seen = try await freeze(nil)
        #expect(seen.added == 4000 && seen.links == 2, "what a colleague sees who guesses")
        let other = try await freeze(StorageBench.identifier(Account.self))
        #expect(other.added == 4000 && other.links == 2, "and another who keeps it alone")
        let again = try await freeze(keeper)
        #expect(again.added == 0 && again.links == 3)

        let collected = try await bench.store.collect(in: bench.workspace, keeping: [], olderThan: SystemClock().now() + .seconds(60))
        #expect(collected.trees == 4 && collected.contents == 3 && collected.freed >= 12_000)
    }

    @Test("a file keeps its own time in a version, in a draft made of it, in a snapshot and when it is empty (F1)")
    func times() async throws {
        let bench = try await StorageBench()
        for folder in [bench.draft, bench.code] {
            for (number, name) in ["a", "b", "empty"].enumerated() {
                try await bench.put(name == "empty" ? "" : "same", name, in: folder)
                try bench.setModified(folder, name, 1_500_000_000 + number, 1_000 * number)
            }
            let tree = StorageBench.tree()
            let frozen = try await bench.freeze(folder, as: tree)
            for (number, name) in ["a", "b", "empty"].enumerated() {
                let status = try bench.status(bench.folder(tree), name)
                #expect(status.st_mtim.tv_sec == 1_500_000_000 + number && status.st_mtim.tv_nsec == 1_000 * number)
            }
            #expect(frozen.size == 8)
            // The same again is shared: bytes and times are equal.
            #expect(try await bench.freeze(folder, as: StorageBench.tree()).added == 0)
            if folder == bench.draft {
                try await bench.store.discardDraft(of: bench.asset, in: bench.workspace)
                try await bench.store.seedDraft(of: bench.asset, from: tree, in: bench.workspace)
                #expect(try bench.status(bench.draft, "b").st_mtim.tv_sec == 1_500_000_001)
                #expect(try await bench.freeze(bench.draft, as: StorageBench.tree()).added == 0)
            }
        }
    }

    @Test("nothing that Weir makes carries setuid, setgid or sticky rights (hostile 3)")
    func rights() async throws {
        let bench = try await StorageBench()
        for folder in [bench.draft, bench.code] {
            try await bench.put("#!/bin/sh\n", "d/run", in: folder)
            #expect(chmod(bench.path(folder, "d/run"), 0o6755) == 0 && chmod(bench.path(folder, "d"), 0o7777) == 0)
            let tree = StorageBench.tree()
            try await bench.freeze(folder, as: tree)
            #expect(try bench.status(bench.folder(tree), "d/run").st_mode & 0o7777 == 0o555)
            #expect(try bench.status(bench.folder(tree), "d").st_mode & 0o7777 == 0o555)
            try await bench.put("new", "d/run", in: folder)
            #expect(try bench.status(folder, "d/run").st_mode & 0o7000 == 0)
        }
    }
}
