import Synchronization
public import WeirModel

/// The last time somebody was seen in a workload, by each way in. Held in memory: after a start of Weir nobody was seen yet.
///
/// The gateways write, at most a few times a second for each connection; who reclaims what is idle reads.
public final class WorkloadActivity: Sendable {
    private let clock: any WallClock
    private let seen = Mutex<[Identifier<Workload>: [Presence: Timestamp]]>([:])

    init(clock: any WallClock) { self.clock = clock }

    public func saw(_ presence: Presence, in workload: Identifier<Workload>) {
        let now = clock.now()
        seen.withLock { $0[workload, default: [:]][presence] = now }
    }

    func seen(in workload: Identifier<Workload>) -> [Presence: Timestamp] { seen.withLock { $0[workload] ?? [:] } }

    func forget(_ workload: Identifier<Workload>) { seen.withLock { _ = $0.removeValue(forKey: workload) } }
}
