import Synchronization
import WeirModel

/// Slows down guessing that no count of five failures ends: many places against one account, and one place against many accounts.
/// Places where the account has logged in before are not asked.
final class LoginPressure: Sendable {
    /// Attempts at once, and then one in so long.
    struct Pace: Sendable {
        let burst: Double
        let interval: Duration
    }

    /// So quick that whoever would keep a person out of new places has to come from a dozen new places a minute, each of which is locked after
    /// five failures; and so slow that nobody guesses a password in a life.
    static let account = Pace(burst: 60, interval: .seconds(1))
    static let source = Pace(burst: 60, interval: .seconds(2))
    /// Kept at most; who is left alone for a while is forgotten first.
    private static let mostKept = 20_000

    private struct Bucket {
        var left: Double
        var at: Timestamp
    }

    private let buckets = Mutex<[String: Bucket]>([:])

    /// Throws `too_many_logins`.
    func take(_ subject: String, from source: SSHSource, at now: Timestamp) throws(WeirError) {
        let isLet = buckets.withLock { buckets in
            if buckets.count >= Self.mostKept {
                buckets = buckets.filter { now - $0.value.at < .seconds(600) && $0.value.left < 10 }
                if buckets.count >= Self.mostKept { buckets.removeAll(keepingCapacity: true) }
            }
            // Both are looked at, so that none is charged for what the other refuses.
            let own = Self.refilled(buckets[subject], Self.account, now)
            let place = Self.refilled(buckets[source.text], Self.source, now)
            let isLet = own >= 1 && place >= 1
            buckets[subject] = Bucket(left: isLet ? own - 1 : own, at: now)
            buckets[source.text] = Bucket(left: isLet ? place - 1 : place, at: now)
            return isLet
        }
        if !isLet { throw .tooManyLogins() }
    }

    /// The attempt was right after all: nobody has guessed.
    func giveBack(_ subject: String, from source: SSHSource) {
        buckets.withLock { buckets in
            for key in [subject, source.text] { buckets[key]?.left += 1 }
        }
    }

    private static func refilled(_ bucket: Bucket?, _ pace: Pace, _ now: Timestamp) -> Double {
        guard let bucket else { return pace.burst }
        let passed = Double(max(0, (now - bucket.at).milliseconds)) / Double(pace.interval.milliseconds)
        return min(pace.burst, bucket.left + passed)
    }
}

extension WeirError {
    static func tooManyLogins() -> WeirError {
        WeirError(
            "too_many_logins", .tooMany, subject: "login", rule: "SSH-05",
            LocalizedText("Too many attempts to log in; this one was not looked at.", zh: "登录尝试过多，本次未受理。"),
            remedy: LocalizedText("Try again in a few seconds.", zh: "请几秒后重试。"))
    }
}
