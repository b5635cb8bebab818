import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// The part of a body that nobody has read by the time its request is answered. A client that closes the connection afterwards, as Python's
/// urllib does, looks at the answer only when it has sent everything: where nobody takes that, it waits until its own patience is over.
///
/// One reads at a time, whatever answers the request or `passOver` after it: whoever reads holds `isFree`, and another finds nothing.
final class UnreadBody: @unchecked Sendable {
    private static let most = 64 << 20
    private static let longest = Duration.seconds(10)

    private let isFree = Mutex(true)
    private var iterator: RequestBody.AsyncIterator
    private var isOver = false

    /// Nil where the client goes on with another request, before which what is left of this one is read anyway, or sends nothing before it
    /// is told to.
    init?(of request: Request) {
        let head = request.head
        guard head.method != .get, head.method != .head, head.headerFields[.connection] == "close", !head.asksBeforeBody else { return nil }
        iterator = request.body.makeAsyncIterator()
    }

    /// The body for whoever reads it.
    var watched: RequestBody { RequestBody(asyncSequence: Watched(unread: self)) }

    /// Reads the rest, as far as a refused request is worth it.
    func passOver() async {
        let deadline = ContinuousClock.now + Self.longest
        var count = 0
        // A client that has gone sends nothing more.
        while count < Self.most, ContinuousClock.now < deadline, let part = try? await next() { count += part.readableBytes }
    }

    private func next() async throws -> ByteBuffer? {
        let isOurs = isFree.withLock { isFree in
            defer { isFree = false }
            return isFree
        }
        guard isOurs else { return nil }
        defer { isFree.withLock { $0 = true } }
        guard !isOver else { return nil }
        var iterator = iterator
        do {
            let part = try await iterator.next()
            self.iterator = iterator
            isOver = part == nil
            return part
        } catch {
            isOver = true
            throw error
        }
    }

    private struct Watched: AsyncSequence, Sendable {
        let unread: UnreadBody

        func makeAsyncIterator() -> Iterator { Iterator(unread: unread) }

        struct Iterator: AsyncIteratorProtocol {
            let unread: UnreadBody

            mutating func next() async throws -> ByteBuffer? { try await unread.next() }
        }
    }
}
