public import NIOCore
import NIOPosix
public import WeirModel

/// An open file, as it is downloaded. It stays readable when its name goes away.
public struct StoredFile: Sendable {
    static let block: Int64 = 1 << 20

    public let name: String
    public let size: Bytes
    public let modifiedAt: Timestamp
    /// For `ETag`, without quotes: another content has another tag.
    public let tag: String
    let file: OpenFile
    let pool: NIOThreadPool

    /// Reads at most `count` bytes from `offset`, fewer at the end of the file.
    public func read(at offset: Int64, count: Int) async throws -> ByteBuffer {
        try await pool.runIfActive {
            var buffer = ByteBuffer()
            try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(count)), at: offset)
            }
            return buffer
        }
    }

    /// The bytes of a range, or the whole file, piece by piece as they are asked for.
    public func bytes(_ range: Range<Int64>? = nil) -> FileBytes {
        FileBytes(file: self, range: (range ?? 0..<size.count).clamped(to: 0..<size.count))
    }
}

/// The pieces of a file. A file that shrank while it was read ends early: the length that was announced is not reached
/// and the receiver notices.
public struct FileBytes: AsyncSequence, Sendable {
    let file: StoredFile
    let range: Range<Int64>

    public func makeAsyncIterator() -> Iterator { Iterator(file: file, position: range.lowerBound, end: range.upperBound) }

    public struct Iterator: AsyncIteratorProtocol {
        let file: StoredFile
        var position: Int64
        let end: Int64

        public mutating func next() async throws -> ByteBuffer? {
            guard position < end else { return nil }
            let buffer = try await file.read(at: position, count: Int(Swift.min(StoredFile.block, end - position)))
            guard buffer.readableBytes > 0 else { return nil }
            position += Int64(buffer.readableBytes)
            return buffer
        }
    }
}

extension FileStore {
    /// Opens a plain file for download. Throws `not_found`, `link_in_path`, `special_file`.
    public func open(_ folder: StoredFolder, at path: FilePath) async throws -> StoredFile {
        guard let name = path.name else { throw WeirError.isFolder("/") }
        return try await blocking {
            let (file, status) = try open(folder).folder(at: path.parent).openPlain(EntryName(name))
            return StoredFile(
                name: name, size: Bytes(status.size), modifiedAt: Timestamp(milliseconds: status.modified),
                tag: status.tag, file: file, pool: pool)
        }
    }

    /// A folder as a tar, made while it is read. Links stand in it as links, sockets and the like are left out.
    /// Throws `not_found`.
    public func archive(_ folder: StoredFolder, at path: FilePath = .root) async throws -> FolderArchive {
        let root = try await blocking { try open(folder).folder(at: path) }
        return FolderArchive(root: root, prefix: path.name.map { EntryName($0) }, pool: pool)
    }
}
