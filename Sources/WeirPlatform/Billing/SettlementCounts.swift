import Synchronization
public import WeirModel

/// What the Settlement has done since the start, for the metrics.
public final class SettlementCounts: Sendable {
    private struct State {
        var runs: Int64 = 0
        var charges: Int64 = 0
        var hour: Timestamp?
        var stuck: Set<RunIdentity> = []
    }

    private let state = Mutex(State())

    func note(runs: Int, charges: Int) {
        state.withLock {
            $0.runs += Int64(runs)
            $0.charges += Int64(charges)
        }
    }

    /// False when it was noted before, or 10,000 were.
    func noteStuck(_ run: RunIdentity) -> Bool { state.withLock { $0.stuck.count < 10_000 && $0.stuck.insert(run).inserted } }

    /// Runs that could not be settled since the start.
    public var stuck: Int { state.withLock { $0.stuck.count } }

    func noteHour(_ hour: Timestamp) { state.withLock { $0.hour = hour } }

    /// Settlements of runs, and the charges that they made.
    public var settled: (runs: Int64, charges: Int64) { state.withLock { ($0.runs, $0.charges) } }

    /// Seconds since the full hour that is not settled yet; 0 when the last one is.
    public func lag(at now: Timestamp) -> Int64 {
        guard let hour = state.withLock({ $0.hour }) else { return 0 }
        let next = BillingCalendar.nextHour(after: hour)
        return now > next ? (now - next).milliseconds / 1000 : 0
    }
}
