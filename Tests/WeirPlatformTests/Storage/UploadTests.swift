import Crypto
import Foundation
import NIOCore
import TestSupport
import Testing
import WeirModel
import WeirPlatform

@Suite("Resumable uploads")
struct UploadTests {
    private func upload(_ bench: StorageBench, _ length: Int) async throws -> StoredUpload {
        let id = StoredUpload(StorageBench.identifier(Upload.self), in: bench.workspace)
        try await bench.store.createUpload(id, length: Bytes(Int64(length)))
        return id
    }

    private func body(_ bytes: some Collection<UInt8>, piece: Int = 60_000) -> AsyncStream<ByteBuffer> {
        let all = Array(bytes)
        return StorageBench.stream(
            stride(from: 0, to: all.count, by: piece).map { ByteBuffer(bytes: all[$0..<min($0 + piece, all.count)]) })
    }

    @Test("parts follow each other, and the whole goes into the draft (DAT-07)")
    func parts() async throws {
        let bench = try await StorageBench()
        var random = SeededRandom()
        let content = bytes(5_000_000, &random)
        let id = try await upload(bench, content.count)
        var offset = 0
        while offset < content.count {
            let end = min(offset + 1_700_000, content.count)
            let part = content[offset..<end]
            let progress = try await bench.store.append(
                body(part), to: id, at: Bytes(Int64(offset)),
                checksum: TusChecksum(.sha256, digest: Array(SHA256.hash(data: Data(part)))))
            #expect(progress.offset == Bytes(Int64(end)))
            offset = end
        }
        #expect(try await bench.store.progress(of: id).isComplete)
        try await bench.store.put(id, into: bench.draft, at: FilePath("d/f.bin"))
        #expect(FileManager.default.contents(atPath: bench.path(bench.draft, "d/f.bin")) == Data(content))
        try await bench.store.discard(id)
        let gone = await #expect(throws: WeirError.self) { try await bench.store.progress(of: id) }
        #expect(gone?.code == "not_found")
    }

    @Test("below a file there is no place: that is told before the first byte, and after the last one as well (DAT-07)")
    func belowFile() async throws {
        let bench = try await StorageBench()
        let id = try await upload(bench, 3)
        _ = try await bench.store.append(body([1, 2, 3]), to: id, at: 0)
        try await bench.put("1", "x")
        let refused = await #expect(throws: WeirError.self) {
            try await bench.store.requireTyped(FilePath("x/y"), in: bench.draft)
        }
        #expect(refused?.code == "path_taken")
        for path in ["x/y", "x/y/z"] {
            let late = await #expect(throws: WeirError.self) { try await bench.store.put(id, into: bench.draft, at: FilePath(path)) }
            #expect(late?.code == "path_taken")
        }
        #expect(try await bench.text("x") == "1")
        try await bench.store.put(id, into: bench.draft, at: FilePath("y/z"))
    }

    @Test("a part at another offset is refused and named the right one (tus 409)")
    func offsets() async throws {
        let bench = try await StorageBench()
        let id = try await upload(bench, 10)
        _ = try await bench.store.append(body([1, 2, 3]), to: id, at: 0)
        for wrong in [0, 2, 4] as [Bytes] {
            let error = await #expect(throws: WeirError.self) {
                try await bench.store.append(body([9]), to: id, at: wrong)
            }
            #expect(error?.code == "upload_offset_mismatch")
        }
        #expect(try await bench.store.progress(of: id).offset == 3)
    }

    @Test("a part with a wrong checksum is discarded whole (tus 460)", arguments: TusChecksum.Algorithm.allCases)
    func checksums(algorithm: TusChecksum.Algorithm) async throws {
        let bench = try await StorageBench()
        let id = try await upload(bench, 9_000_000)
        var random = SeededRandom()
        let part = bytes(4_500_000, &random)
        let digest =
            switch algorithm {
            case .sha1: Array(Insecure.SHA1.hash(data: Data(part)))
            case .sha256: Array(SHA256.hash(data: Data(part)))
            }
        _ = try await bench.store.append(body(part), to: id, at: 0, checksum: TusChecksum(algorithm, digest: digest))
        var damaged = part
        damaged[4_000_000] ^= 1
        let error = await #expect(throws: WeirError.self) {
            try await bench.store.append(
                body(damaged), to: id, at: 4_500_000, checksum: TusChecksum(algorithm, digest: digest))
        }
        #expect(error?.code == "upload_checksum_mismatch" && error?.rule == "DAT-35")
        #expect(try await bench.store.progress(of: id).offset == 4_500_000)
        let size =
            try FileManager.default.attributesOfItem(
                atPath: bench.path(.uploads) + "/\(id.id)/data")[.size] as? Int
        #expect(size == 4_500_000)
    }

    @Test("more bytes than announced are refused, and an incomplete upload does not enter the draft (DAT-35)")
    func lengths() async throws {
        let bench = try await StorageBench()
        let id = try await upload(bench, 4)
        let long = await #expect(throws: WeirError.self) {
            try await bench.store.append(body([1, 2, 3, 4, 5]), to: id, at: 0)
        }
        #expect(long?.code == "upload_too_long")
        _ = try await bench.store.append(body([1, 2, 3]), to: id, at: 0)
        let early = await #expect(throws: WeirError.self) {
            try await bench.store.put(id, into: bench.draft, at: FilePath("f"))
        }
        #expect(early?.code == "upload_incomplete")
    }

    @Test("a connection that breaks keeps what had come, so that the client goes on there (DAT-07)")
    func brokenConnection() async throws {
        struct Gone: Error {}
        let bench = try await StorageBench()
        let id = try await upload(bench, 100)
        let half = AsyncThrowingStream<ByteBuffer, any Error> { continuation in
            continuation.yield(ByteBuffer(string: "0123456789"))
            continuation.finish(throwing: Gone())
        }
        await #expect(throws: Gone.self) { try await bench.store.append(half, to: id, at: 0) }
        #expect(try await bench.store.progress(of: id).offset == 10)
    }

    @Test("two requests cannot write to one upload at once (tus 423)")
    func busy() async throws {
        let bench = try await StorageBench()
        let id = try await upload(bench, 8)
        let (slow, continuation) = AsyncStream<ByteBuffer>.makeStream()
        let (reading, hasBegun) = AsyncStream<Void>.makeStream()
        let watched = AsyncStream<ByteBuffer> {
            hasBegun.finish()
            for await buffer in slow { return buffer }
            return nil
        }
        async let first = bench.store.append(watched, to: id, at: 0)
        for await _ in reading {}
        let refusal = await #expect(throws: WeirError.self) {
            try await bench.store.append(body([1]), to: id, at: 0)
        }
        #expect(refusal?.code == "upload_busy")
        continuation.yield(ByteBuffer(string: "12345678"))
        continuation.finish()
        #expect(try await first.isComplete)
    }

    @Test("cut off at 20 random points with a torn tail on disk, an upload loses one part at most and its hash matches")
    func kills() async throws {
        var random = SeededRandom()
        let seed = random.seed
        let bench = try await StorageBench()
        let content = bytes(12 << 20, &random)
        let id = try await upload(bench, content.count)
        let part = 512 << 10
        var acknowledged = 0
        var kills = 0
        var store = bench.store
        while acknowledged < content.count {
            let end = min(acknowledged + part, content.count)
            if kills < 20, Bool.random(using: &random) {
                kills += 1
                // A part that never ends, and the process that was writing it is no more: what it wrote stays behind.
                let (stream, continuation) = AsyncStream<ByteBuffer>.makeStream()
                let sent = Int.random(in: 0...part, using: &random)
                continuation.yield(ByteBuffer(bytes: content[acknowledged..<min(acknowledged + sent, end)]))
                let current = store
                let offset = Bytes(Int64(acknowledged))
                let writing = Task { try await current.append(stream, to: id, at: offset) }
                if Bool.random(using: &random) { await Task.yield() }
                writing.cancel()
                _ = try? await writing.value
                continuation.finish()
                let handle = try FileHandle(
                    forWritingTo: URL(fileURLWithPath: bench.path(.uploads) + "/\(id.id)/data"))
                try handle.seekToEnd()
                try handle.write(contentsOf: Data(repeating: 0xee, count: Int.random(in: 0...100_000, using: &random)))
                try handle.close()
                store = bench.reopened()
                let resumed = Int(try await store.progress(of: id).offset.count)
                #expect(resumed >= acknowledged && resumed <= end, "seed \(seed)")
                acknowledged = resumed
            } else {
                let progress = try await store.append(
                    body(content[acknowledged..<end]), to: id, at: Bytes(Int64(acknowledged)))
                acknowledged = Int(progress.offset.count)
            }
        }
        try await store.put(id, into: bench.draft, at: FilePath("f"))
        let stored = try #require(FileManager.default.contents(atPath: bench.path(bench.draft, "f")))
        #expect(SHA256.hash(data: stored) == SHA256.hash(data: Data(content)), "seed \(seed)")
    }

    @Test("a full disk is told as such on every way in, nothing of the file stays, and afterwards it goes on (DAT-35)")
    func fullDisk() async throws {
        let disk = try SmallDisk(.mib(32))
        let store = FileStore(layout: StorageLayout(root: disk.path + "/zone"), pool: StorageBench.pool, tools: StorageBench.tools)
        try await store.prepare()
        let workspace = StorageBench.identifier(Workspace.self)
        let draft = StoredFolder.draft(StorageBench.identifier(), in: workspace)
        _ = try await store.make(draft)
        let megabyte = ByteBuffer(repeating: 7, count: 1 << 20)
        let large = StorageBench.stream(Array(repeating: megabyte, count: 48))
        let form = await #expect(throws: WeirError.self) { try await store.write(large, to: draft, at: FilePath("a")) }
        #expect(form?.code == "storage_full" && form?.rule == "DAT-35" && form?.remedy != nil)
        #expect(try await store.list(draft).entries.isEmpty)

        let upload = StoredUpload(StorageBench.identifier(Upload.self), in: workspace)
        try await store.createUpload(upload, length: .mib(48))
        let part = await #expect(throws: WeirError.self) {
            try await store.append(StorageBench.stream(Array(repeating: megabyte, count: 48)), to: upload, at: 0)
        }
        #expect(part?.code == "storage_full")
        try await store.discard(upload)
        try await store.write(StorageBench.body("small"), to: draft, at: FilePath("a"))
        #expect(try await store.list(draft).entries.map(\.name) == ["a"])
    }
}
