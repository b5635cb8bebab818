import Synchronization
public import WeirModel

/// A clock that a test moves by hand.
public final class ManualClock: WallClock {
    private let moment: Mutex<Timestamp>

    public init(_ start: String = "2026-03-01T09:00:00Z") {
        moment = Mutex(Timestamp(start) ?? Timestamp(milliseconds: 0))
    }

    public func now() -> Timestamp { moment.withLock { $0 } }

    public func advance(by duration: Duration) { moment.withLock { $0 = $0 + duration } }
}
