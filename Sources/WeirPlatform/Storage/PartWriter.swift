import Crypto
import NIOCore
import NIOPosix
import WeirModel

/// Writes a stream of buffers to a file: while one batch is being written and hashed on a thread, the next one arrives.
struct PartWriter: Sendable {
    /// A batch costs one hop to a thread; two are in memory at most.
    static let batch = 2 << 20

    let file: OpenFile
    let at: Int64
    /// The most bytes that may come.
    let room: Int64
    let digest: PartDigest
    let pool: NIOThreadPool
    /// Asked before so many bytes in all are taken; what it throws is what broke the stream.
    var admit: (@Sendable (Int64) async throws -> Void)?
    /// Called on the pool's thread after each batch with all bytes written so far.
    var progress: (@Sendable (Int64) throws -> Void)?

    init(
        file: OpenFile, at: Int64, room: Int64, digest: PartDigest, pool: NIOThreadPool,
        progress: (@Sendable (Int64) throws -> Void)? = nil
    ) {
        self.file = file
        self.at = at
        self.room = room
        self.digest = digest
        self.pool = pool
        self.progress = progress
    }

    struct Outcome: Sendable {
        enum End: Sendable {
            case finished
            case noRoom
            /// The sender went away or was cancelled; what had arrived before is written.
            case broken(any Error)
        }

        var written: Int64
        var digest: PartDigest
        var end: End
    }

    /// Throws only when writing fails or the task is cancelled; how the stream ended stands in the outcome.
    func take<Body: AsyncSequence>(_ body: Body) async throws -> Outcome where Body.Element == ByteBuffer {
        var outcome = Outcome(written: 0, digest: digest, end: .finished)
        var waiting: [ByteBuffer] = []
        var waitingBytes = 0
        var arrived: Int64 = 0
        try await withThrowingTaskGroup(of: PartDigest.self) { group in
            var busy = false
            func flush() async throws {
                if busy, let digest = try await group.next() { outcome.digest = digest }
                busy = false
                guard waitingBytes > 0 else { return }
                let batch = waiting
                let start = outcome.written
                let digest = outcome.digest
                outcome.written += Int64(waitingBytes)
                waiting = []
                waitingBytes = 0
                busy = true
                group.addTask { try await pool.runIfActive { try write(batch, after: start, digest) } }
            }
            var iterator = body.makeAsyncIterator()
            receiving: while true {
                let buffer: ByteBuffer
                do {
                    guard let next = try await iterator.next() else { break receiving }
                    buffer = next
                } catch {
                    outcome.end = .broken(error)
                    break receiving
                }
                guard buffer.readableBytes > 0 else { continue }
                arrived += Int64(buffer.readableBytes)
                guard arrived <= room else {
                    outcome.end = .noRoom
                    break receiving
                }
                do {
                    try await admit?(arrived)
                } catch {
                    outcome.end = .broken(error)
                    break receiving
                }
                waiting.append(buffer)
                waitingBytes += buffer.readableBytes
                if waitingBytes >= Self.batch { try await flush() }
            }
            try await flush()
            try await flush()
        }
        return outcome
    }

    private func write(_ batch: [ByteBuffer], after start: Int64, _ digest: PartDigest) throws -> PartDigest {
        var digest = digest
        var position = start
        for buffer in batch {
            try buffer.withUnsafeReadableBytes { bytes in
                try file.write(bytes, at: at + position)
                digest.update(bytes)
            }
            position += Int64(buffer.readableBytes)
        }
        file.startWriting(at + start, position - start)
        try progress?(position)
        return digest
    }
}

/// The running digest of a part, by the algorithm that its sender chose.
enum PartDigest: Sendable {
    case none
    case sha1(Insecure.SHA1)
    case sha256(SHA256)

    init(_ checksum: TusChecksum?) {
        self =
            switch checksum?.algorithm {
            case nil: .none
            case .sha1: .sha1(Insecure.SHA1())
            case .sha256: .sha256(SHA256())
            }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .none: break
        case .sha1(var hash):
            hash.update(bufferPointer: bytes)
            self = .sha1(hash)
        case .sha256(var hash):
            hash.update(bufferPointer: bytes)
            self = .sha256(hash)
        }
    }

    func matches(_ checksum: TusChecksum?) -> Bool {
        switch self {
        case .none: true
        case .sha1(let hash): Array(hash.finalize()) == checksum?.digest
        case .sha256(let hash): Array(hash.finalize()) == checksum?.digest
        }
    }
}
