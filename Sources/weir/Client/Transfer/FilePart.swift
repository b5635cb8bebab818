import Foundation
import NIOCore
import NIOFoundationCompat
import NIOPosix
import WeirModel

/// Reads and writes parts of files on the thread pool, where blocking is allowed.
enum FilePart {
    /// The bytes from `offset` on, `count` at most; fewer at the end of the file.
    static func read(_ path: LocalPath, offset: Int64, count: Int) async throws -> ByteBuffer {
        try await NIOThreadPool.singleton.runIfActive {
            guard let handle = path.open(O_RDONLY) else { throw WeirError.unreadableFile(path.text) }
            defer { try? handle.close() }
            try handle.seek(toOffset: UInt64(offset))
            return ByteBuffer(data: try handle.read(upToCount: count) ?? Data())
        }
    }

    /// Writes at `offset`; the file is made if it is not there.
    static func write(_ buffer: ByteBuffer, to path: LocalPath, offset: Int64) async throws {
        try await NIOThreadPool.singleton.runIfActive {
            guard let handle = path.open(O_WRONLY | O_CREAT | (offset == 0 ? O_TRUNC : 0)) else {
                throw WeirError.unreadableFile(path.text)
            }
            defer { try? handle.close() }
            try handle.seek(toOffset: UInt64(offset))
            try handle.write(contentsOf: buffer.readableBytesView)
        }
    }
}
