import Synchronization
import WeirModel

/// Counts the streams that are open, so that they cannot take all connections, nor one person most of them.
final class StreamLimit: Sendable {
    private struct Open {
        var all = 0
        var of: [Identifier<Account>: Int] = [:]
    }

    private let most: Int
    private let mostOfOne: Int
    private let open = Mutex(Open())

    init(most: Int, ofOne mostOfOne: Int) {
        self.most = most
        self.mostOfOne = mostOfOne
    }

    /// Throws `too_many_streams`. The place is free again when the token is gone.
    func enter(_ account: Identifier<Account>) throws(WeirError) -> Token {
        let entered = open.withLock { open in
            guard open.all < most, open.of[account, default: 0] < mostOfOne else { return false }
            open.all += 1
            open.of[account, default: 0] += 1
            return true
        }
        guard entered else { throw .tooManyStreams() }
        return Token(limit: self, account: account)
    }

    private func leave(_ account: Identifier<Account>) {
        open.withLock { open in
            open.all -= 1
            let left = open.of[account, default: 1] - 1
            open.of[account] = left > 0 ? left : nil
        }
    }

    final class Token: Sendable {
        private let limit: StreamLimit
        private let account: Identifier<Account>

        init(limit: StreamLimit, account: Identifier<Account>) {
            self.limit = limit
            self.account = account
        }

        deinit { limit.leave(account) }
    }
}
