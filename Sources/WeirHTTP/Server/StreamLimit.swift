import Synchronization
import WeirModel

/// Counts the streams that are open, so that they cannot take all connections.
final class StreamLimit: Sendable {
    private let most: Int
    private let open = Mutex(0)

    init(most: Int) { self.most = most }

    /// Throws `too_many_streams`. The place is free again when the token is gone.
    func enter() throws(WeirError) -> Token {
        let entered = open.withLock { open in
            guard open < most else { return false }
            open += 1
            return true
        }
        guard entered else { throw .tooManyStreams() }
        return Token(limit: self)
    }

    final class Token: Sendable {
        private let limit: StreamLimit

        init(limit: StreamLimit) { self.limit = limit }

        deinit { limit.open.withLock { $0 -= 1 } }
    }
}
