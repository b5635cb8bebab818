import Synchronization
public import WeirModel

/// A clock that a test moves by hand.
public final class ManualClock: WallClock {
    private let moment: Mutex<(now: Timestamp, set: Duration)>

    public init(_ start: String = TestDay.ordinary.hour.description) {
        moment = Mutex((Timestamp(start) ?? Timestamp(milliseconds: 0), .zero))
    }

    public func now() -> Timestamp { moment.withLock { $0.now } }

    public func steady() -> SteadyTime {
        moment.withLock { SteadyTime(epoch: "test", milliseconds: ($0.now - $0.set).milliseconds) }
    }

    public func advance(by duration: Duration) { moment.withLock { $0.now = $0.now + duration } }

    /// Somebody sets the clock; no time passes.
    public func set(by step: Duration) {
        moment.withLock { moment in
            moment.now = moment.now + step
            moment.set += step
        }
    }
}

/// A clock that runs `factor` times as fast, so that waits and time limits are lived through in a test.
public struct FastClock: WallClock {
    private let factor: Int
    private let start = ContinuousClock.now
    private let first: Timestamp

    public init(factor: Int, from first: Timestamp = TestDay.ordinary.hour) {
        self.factor = factor
        self.first = first
    }

    public func now() -> Timestamp { first + (ContinuousClock.now - start) * factor }

    public func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration / factor) }
}

/// A clock on which waiting takes no time: it leaps to the end of each wait, up to a last moment at which all waits last for ever.
public final class LeapingClock: WallClock {
    private let moment: Mutex<Timestamp>
    private let last: Timestamp

    public init(from first: Timestamp, until last: Timestamp) {
        moment = Mutex(first)
        self.last = last
    }

    public func now() -> Timestamp { moment.withLock { $0 } }

    public func sleep(for duration: Duration) async throws {
        let isOver = moment.withLock { moment in
            if moment + duration > last { return true }
            moment = moment + duration
            return false
        }
        if isOver { try await Task.sleep(for: .seconds(86_400)) } else { await Task.yield() }
        try Task.checkCancellation()
    }
}
