import Foundation
import NIOCore
import Synchronization
import TestSupport
import Testing
import WeirModel
import WeirPlatform

@Suite("Confinement")
struct ConfinementTests {
    @Test("no operation goes through a link that a tenant made in the code folder (X20)")
    func links() async throws {
        let bench = try await StorageBench()
        let outside = bench.folder.path + "/outside"
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
        try Data("secret".utf8).write(to: URL(fileURLWithPath: outside + "/secret"))
        try await bench.put("x", "x", in: bench.code)
        symlink(outside, bench.path(bench.code, "d"))
        symlink(outside + "/secret", bench.path(bench.code, "s"))
        let store = bench.store
        let code = bench.code
        let through = try FilePath("d/secret")
        let attempts: [@Sendable () async throws -> Void] = [
            { _ = try await store.open(code, at: through) },
            { _ = try await store.open(code, at: FilePath("s")) },
            { _ = try await store.list(code, at: FilePath("d")) },
            { _ = try await store.archive(code, at: FilePath("d")) },
            { try await store.write(StorageBench.body("evil"), to: code, at: through) },
            { try await store.delete(code, at: through) },
            { try await store.rename(code, from: through, to: FilePath("mine")) },
            { try await store.rename(code, from: FilePath("x"), to: FilePath("d/x")) },
            { try await store.makeFolder(code, at: FilePath("d/new")) },
            { _ = try await bench.freeze(code, at: FilePath("d"), as: StorageBench.tree()) },
        ]
        for attempt in attempts {
            let error = await #expect(throws: WeirError.self) { try await attempt() }
            #expect(error?.code == "link_in_path" && error?.rule == "X20")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: outside) == ["secret"])
        #expect(FileManager.default.contents(atPath: outside + "/secret") == Data("secret".utf8))
        // Writing or deleting the link itself touches the link alone.
        try await bench.put("own", "s", in: code)
        try await store.delete(code, at: FilePath("d"))
        #expect(FileManager.default.contents(atPath: outside + "/secret") == Data("secret".utf8))
    }

    @Test("a folder that turns into a link and back while Weir works in it never leads Weir out (X20)")
    func race() async throws {
        let bench = try await StorageBench()
        let outside = bench.folder.path + "/outside"
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
        try Data("secret".utf8).write(to: URL(fileURLWithPath: outside + "/f"))
        try await bench.put("mine", "d/f", in: bench.code)
        let (store, code) = (bench.store, bench.code)
        let (real, away) = (bench.path(code, "d"), bench.path(code, "away"))
        let switching = Switching()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
                    Thread.detachNewThread {
                        while !switching.isOver {
                            rename(real, away)
                            symlink(outside, real)
                            unlink(real)
                            rename(away, real)
                        }
                        done.resume()
                    }
                }
            }
            group.addTask {
                defer { switching.end() }
                for round in 0..<400 {
                    let path = try FilePath("d/f")
                    if let file = try? await store.open(code, at: path) {
                        #expect(String(buffer: try await file.read(at: 0, count: 6)) == "mine")
                    }
                    if let page = try? await store.list(code, at: FilePath("d")) {
                        #expect(!page.entries.contains { $0.size == 6 })
                    }
                    _ = try? await store.write(StorageBench.body("new"), to: code, at: FilePath("d/n\(round)"))
                    _ = try? await store.delete(code, at: FilePath("d/n\(round)"))
                    _ = try? await store.rename(code, from: path, to: FilePath("d/g"))
                    _ = try? await store.rename(code, from: FilePath("d/g"), to: path)
                    if round % 20 == 0, let tree = try? await bench.freeze(code, as: StorageBench.tree()) {
                        for (_, content) in try bench.content(bench.folder(tree.tree)) {
                            #expect(content != Data("secret".utf8).base64EncodedString())
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: outside) == ["f"])
        #expect(FileManager.default.contents(atPath: outside + "/f") == Data("secret".utf8))
    }
}

private final class Switching: Sendable {
    private let over = Mutex(false)
    var isOver: Bool { over.withLock { $0 } }
    func end() { over.withLock { $0 = true } }
}
