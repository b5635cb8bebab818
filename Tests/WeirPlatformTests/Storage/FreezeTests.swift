import Foundation
import Logging
import TestSupport
import Testing
import WeirModel
import WeirPlatform

@Suite("Trees")
struct FreezeTests {
    @Test("a draft becomes an immutable tree of read-only files that root owns (DAT-06)")
    func freeze() async throws {
        let bench = try await StorageBench()
        try await bench.put("one", "a.txt")
        try await bench.put("two", "d/b.txt")
        try await bench.put("", "empty")
        try FileManager.default.createSymbolicLink(
            atPath: bench.path(bench.draft, "d/l"), withDestinationPath: "../a.txt")
        let tree = StorageBench.tree()
        let frozen = try await bench.freeze(bench.draft, as: tree)
        #expect(frozen == FrozenTree(tree: tree, size: 6, added: 6, files: 4))
        #expect(try bench.status(bench.folder(tree), "a.txt").st_mode & 0o7777 == 0o444)
        #expect(try bench.status(bench.folder(tree), "d/b.txt").st_uid == 0)
        #expect(try bench.status(bench.folder(tree), "d").st_mode & 0o7777 == 0o555)
        #expect(try await bench.text("d/b.txt", in: bench.folder(tree)) == "two")
        #expect(bench.leftovers.isEmpty)
        for change in ["a.txt", "new"] {
            let error = await #expect(throws: WeirError.self) { try await bench.put("x", change, in: bench.folder(tree)) }
            #expect(error?.code == "version_immutable" && error?.rule == "DAT-06")
        }
    }

    @Test("versions share unchanged bytes on disk by inode, and a changed file costs only itself (DAT-06, DAT-15)")
    func sharing() async throws {
        let bench = try await StorageBench()
        var random = SeededRandom()
        try await bench.put(bytes(3 << 20, &random), "large")
        try await bench.put("v1", "small")
        let first = StorageBench.tree()
        let second = StorageBench.tree()
        let one = try await bench.freeze(bench.draft, as: first)
        try await bench.store.discardDraft(of: bench.asset, in: bench.workspace)
        try await bench.store.seedDraft(of: bench.asset, from: first, in: bench.workspace)
        try await bench.put("v2 ", "small")
        let two = try await bench.freeze(bench.draft, as: second)
        #expect(one.added == .mib(3) + 2)
        #expect(two.added == 3 && two.size == .mib(3) + 3)
        #expect(try bench.status(bench.folder(first), "large").st_ino == bench.status(bench.folder(second), "large").st_ino)
        #expect(try await bench.text("small", in: bench.folder(first)) == "v1")
        #expect(try await bench.text("small", in: bench.folder(second)) == "v2 ")
    }

    @Test("equal contents of the same time are one content; executable ones are another, since links share the mode")
    func contents() async throws {
        let bench = try await StorageBench()
        for name in ["a.sh", "b.sh", "c.sh"] {
            try await bench.put("#!/bin/sh\n", name)
            try bench.setModified(bench.draft, name, 1_700_000_000, 5)
        }
        #expect(chmod(bench.path(bench.draft, "c.sh"), 0o755) == 0)
        let tree = StorageBench.tree()
        #expect(try await bench.freeze(bench.draft, as: tree).added == 20)
        let inodes = try ["a.sh", "b.sh", "c.sh"].map { try bench.status(bench.folder(tree), $0) }
        #expect(inodes[0].st_ino == inodes[1].st_ino)
        #expect(inodes[0].st_ino != inodes[2].st_ino)
        #expect(inodes[2].st_mode & 0o7777 == 0o555)
    }

    @Test("a snapshot of live code is a copy that later writes do not reach; its links and odd files are left as they are")
    func liveCode() async throws {
        let bench = try await StorageBench()
        try await bench.put("print(1)", "main.py", in: bench.code)
        try await bench.put([UInt8](repeating: 7, count: 2 << 20), "weights", in: bench.code)
        let root = bench.path(bench.code, "")
        symlink("/gemini/data-1", root + "data")
        mkfifo(root + "pipe", 0o644)
        let odd: [CChar] = Array(root.utf8CString.dropLast()) + [0x66, CChar(bitPattern: 0xff), 0]
        #expect(close(creat(odd, 0o644)) == 0)
        let tree = StorageBench.tree()
        let frozen = try await bench.freeze(bench.code, as: tree)
        #expect(frozen.files == 4)
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: root + "main.py"))
        try handle.write(contentsOf: Data("print(2)".utf8))
        try handle.close()
        #expect(try await bench.text("main.py", in: bench.folder(tree)) == "print(1)")
        #expect(try await bench.names(in: bench.folder(tree)).count == 4)
        #expect(try bench.status(bench.folder(tree), "data").st_mode & S_IFMT == S_IFLNK)
        let again = try await bench.freeze(bench.code, as: StorageBench.tree())
        #expect(again.added == 8)
    }

    @Test("a link that leads out and a pipe are refused in what others will mount, and no tree is left (X20)")
    func refusals() async throws {
        let bench = try await StorageBench()
        try await bench.put("a", "a")
        symlink("../../etc/passwd", bench.path(bench.draft, "l"))
        let tree = StorageBench.tree()
        let error = await #expect(throws: WeirError.self) { try await bench.freeze(bench.draft, as: tree) }
        #expect(error?.code == "link_leaves_folder" && error?.rule == "X20")
        unlink(bench.path(bench.draft, "l"))
        mkfifo(bench.path(bench.draft, "p"), 0o644)
        let other = await #expect(throws: WeirError.self) { try await bench.freeze(bench.draft, as: tree) }
        #expect(other?.code == "special_file")
        #expect(!bench.isThere(bench.folder(tree)))
        #expect(bench.leftovers.isEmpty)
    }

    @Test("collection frees what no kept tree has and leaves every kept byte (DAT-15)")
    func collection() async throws {
        let bench = try await StorageBench()
        try await bench.put("shared", "s")
        try await bench.put("old", "o")
        let old = StorageBench.tree()
        let kept = StorageBench.tree()
        try await bench.freeze(bench.draft, as: old)
        try await bench.store.delete(bench.draft, at: FilePath("o"))
        try await bench.freeze(bench.draft, as: kept)
        try await bench.store.discardDraft(of: bench.asset, in: bench.workspace)
        let nothing = try await bench.store.collect(in: bench.workspace, keeping: [kept], olderThan: Timestamp(milliseconds: 0))
        #expect(nothing.trees == 0 && nothing.contents == 0)
        let later = SystemClock().now() + .seconds(60)
        let collected = try await bench.store.collect(in: bench.workspace, keeping: [kept], olderThan: later)
        #expect(collected.trees == 1 && collected.contents == 1)
        #expect(try bench.content(bench.folder(kept)) == ["s": Data("shared".utf8).base64EncodedString()])
        #expect(!bench.isThere(bench.folder(old)))
    }

    @Test("what a killed process left in staging is gone after recovery, and nothing else")
    func recovery() async throws {
        let bench = try await StorageBench()
        try await bench.put("a", "a")
        let left = bench.path(.staging) + "/freeze-left/d"
        try FileManager.default.createDirectory(atPath: left, withIntermediateDirectories: true)
        #expect(chmod(left, 0o555) == 0)
        let next = bench.reopened()
        #expect(try await next.list(bench.draft).entries.count == 1)
        #expect(try FileManager.default.contentsOfDirectory(atPath: bench.path(.staging)) == [])
        try await next.clearGraves(logger: Logger(label: "test"))
        #expect(bench.leftovers.isEmpty)
        #expect(try await bench.text("a") == "a")
    }

    @Test("every version keeps its content through any sequence of changes, versions, deletions and collections (DAT-06)")
    func property() async throws {
        var random = SeededRandom()
        let seed = random.seed
        let bench = try await StorageBench()
        var versions: [TreeName: [String: String]] = [:]
        for _ in 0..<12 {
            _ = try await bench.store.make(bench.draft)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let path = ["a", "b", "d/a", "d/b", "d/e/c"].randomElement(using: &random) ?? "a"
                if Int.random(in: 0..<4, using: &random) == 0 {
                    try? await bench.store.delete(bench.draft, at: FilePath(path))
                } else {
                    let size = [0, 1, 4096, 1 << 20, (1 << 20) + 1].randomElement(using: &random) ?? 0
                    try await bench.put([UInt8](repeating: UInt8.random(in: 0...2, using: &random), count: size), path)
                }
            }
            let tree = StorageBench.tree()
            try await bench.freeze(bench.draft, as: tree)
            versions[tree] = try bench.content(bench.draft)
            if versions.count > 3, let gone = versions.keys.randomElement(using: &random), gone != tree {
                versions[gone] = nil
            }
            _ = try await bench.store.collect(
                in: bench.workspace, keeping: Set(versions.keys), olderThan: SystemClock().now() + .seconds(60))
            if Bool.random(using: &random), let base = versions.keys.randomElement(using: &random) {
                try await bench.store.discardDraft(of: bench.asset, in: bench.workspace)
                try await bench.store.seedDraft(of: bench.asset, from: base, in: bench.workspace)
            }
            for (tree, content) in versions {
                let now = try bench.content(bench.folder(tree))
                #expect(now == content, "seed \(seed)")
            }
        }
    }
}
