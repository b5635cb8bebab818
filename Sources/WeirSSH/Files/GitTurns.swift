import Synchronization
import WeirModel

/// How many programs of git run at once: each may take gigabytes of memory, and whoever may read a project's code may start one.
final class GitTurns: Sendable {
    static let mostOfOne = 8
    static let most = 32

    private let running = Mutex<[Identifier<Account>: Int]>([:])

    /// Throws `git_busy`. To be followed by `leave`.
    func enter(_ account: Identifier<Account>) throws(WeirError) {
        let isFree = running.withLock { running in
            guard running[account, default: 0] < Self.mostOfOne, running.values.reduce(0, +) < Self.most else { return false }
            running[account, default: 0] += 1
            return true
        }
        guard isFree else { throw .gitBusy() }
    }

    func leave(_ account: Identifier<Account>) {
        running.withLock { running in
            let left = (running[account] ?? 1) - 1
            running[account] = left > 0 ? left : nil
        }
    }
}

extension WeirError {
    static func gitBusy() -> WeirError {
        WeirError(
            "git_busy", .unavailable, subject: "git", rule: "SSH-09",
            LocalizedText("Too many clones and pushes are under way.", zh: "同时进行的克隆与推送过多。"),
            remedy: LocalizedText("Try again in a moment.", zh: "请稍后重试。"))
    }
}
