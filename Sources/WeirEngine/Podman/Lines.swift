import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix

/// The lines of an answer, as they arrive; each 1 MiB at most.
struct Lines: AsyncSequence {
    typealias Element = Data
    private let body: HTTPClientResponse.Body

    init(_ body: HTTPClientResponse.Body) { self.body = body }

    func makeAsyncIterator() -> Iterator { Iterator(parts: body.makeAsyncIterator()) }

    struct Iterator: AsyncIteratorProtocol {
        var parts: HTTPClientResponse.Body.AsyncIterator
        private var buffer = ByteBuffer()
        private var ended = false
        private static let longest = 1 << 20

        init(parts: HTTPClientResponse.Body.AsyncIterator) { self.parts = parts }

        mutating func next() async throws -> Data? {
            while true {
                let view = buffer.readableBytesView
                if let end = view.firstIndex(of: 10) {
                    let line = Data(view[..<end])
                    buffer.moveReaderIndex(forwardBy: line.count + 1)
                    buffer.discardReadBytes()
                    return line
                }
                if ended || buffer.readableBytes > Self.longest {
                    guard buffer.readableBytes > 0 else { return nil }
                    let rest = Data(view)
                    buffer.clear()
                    return rest
                }
                if let part = try await parts.next() {
                    buffer.writeImmutableBuffer(part)
                } else {
                    ended = true
                }
            }
        }
    }
}

/// A file of the host as the body of a request, read off the event loops.
struct FileChunks: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    var path: String

    func makeAsyncIterator() -> Iterator { Iterator(path: path) }

    struct Iterator: AsyncIteratorProtocol {
        var path: String
        private var offset: UInt64 = 0
        private static let size = 1 << 20

        init(path: String) { self.path = path }

        mutating func next() async throws -> ByteBuffer? {
            let (path, offset) = (path, offset)
            let data = try await NIOThreadPool.singleton.runIfActive {
                let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
                defer { try? handle.close() }
                try handle.seek(toOffset: offset)
                return try handle.read(upToCount: Self.size) ?? Data()
            }
            guard !data.isEmpty else { return nil }
            self.offset += UInt64(data.count)
            return ByteBuffer(bytes: data)
        }
    }
}
