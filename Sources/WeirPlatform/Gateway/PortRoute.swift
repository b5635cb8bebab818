public import WeirModel
import Synchronization

/// What stands behind an external port of the gateway (INF-04, INF-05).
public struct PortRoute: Hashable, Sendable {
    public var workload: Identifier<Workload>
    public var workspace: Identifier<Workspace>
    public var mode: PortMode
    /// The replicas that are ready for traffic.
    public var backends: [Backend]
    /// Why there is no backend.
    public var reason: LocalizedText?

    public init(
        workload: Identifier<Workload>, workspace: Identifier<Workspace>, mode: PortMode, backends: [Backend],
        reason: LocalizedText? = nil
    ) {
        self.workload = workload
        self.workspace = workspace
        self.mode = mode
        self.backends = backends
        self.reason = reason
    }
}

/// What went through a port since it was opened. Counts add up on several event loops at once.
public final class PortTraffic: Sendable {
    private let requestCount: Atomic<Int64>
    private let errorCount: Atomic<Int64>
    private let lastActivity: Atomic<Int64>
    private let turn = Atomic<UInt64>(0)
    /// Requests on their way to each replica, of clients that are told by their address.
    private let underWay = Mutex<[Backend: Int]>([:])
    /// A replica keeps its clients until it has so many more of their requests on their way than the least busy one: a single program that
    /// asks for much at once has all replicas.
    private static let ease = 8

    init(from count: PortCount) {
        requestCount = Atomic(count.requests)
        errorCount = Atomic(count.errors)
        lastActivity = Atomic(count.activeAt.milliseconds)
    }

    /// A request, or in TCP mode a connection, came in.
    public func countRequest(at now: Timestamp) {
        requestCount.wrappingAdd(1, ordering: .relaxed)
        touch(at: now)
    }

    /// The answer was 5xx, or no replica could be reached.
    public func countError() { errorCount.wrappingAdd(1, ordering: .relaxed) }

    /// A long connection still carries bytes, so that the port is not released as idle (INF-07).
    public func touch(at now: Timestamp) { lastActivity.max(now.milliseconds, ordering: .relaxed) }

    /// The replica that is next, round robin.
    public func turn(of replicas: Int) -> Int { Int(truncatingIfNeeded: nextTurn() % UInt64(replicas)) }

    /// The first of the replicas that has room, and the hold on it.
    /// - Parameter replicas: as the client takes them, the best first; at least one.
    public func enter(oneOf replicas: [Backend]) -> (turn: Int, Passage) {
        let turn = underWay.withLock { counts in
            let least = replicas.map { counts[$0] ?? 0 }.min() ?? 0
            let turn = replicas.firstIndex { (counts[$0] ?? 0) < least + Self.ease } ?? 0
            counts[replicas[turn], default: 0] += 1
            return turn
        }
        return (turn, Passage(of: self, to: replicas[turn]))
    }

    private func leave(_ replica: Backend) {
        underWay.withLock { counts in
            let left = (counts[replica] ?? 1) - 1
            counts[replica] = left > 0 ? left : nil
        }
    }

    /// A request that is on its way to a replica, for as long as it is held.
    public final class Passage: Sendable {
        private let traffic: PortTraffic
        private let replica: Backend

        fileprivate init(of traffic: PortTraffic, to replica: Backend) {
            self.traffic = traffic
            self.replica = replica
        }

        deinit { traffic.leave(replica) }
    }

    public func nextTurn() -> UInt64 { turn.wrappingAdd(1, ordering: .relaxed).oldValue }

    public var count: PortCount {
        PortCount(
            requests: requestCount.load(ordering: .relaxed), errors: errorCount.load(ordering: .relaxed),
            activeAt: Timestamp(milliseconds: lastActivity.load(ordering: .relaxed)))
    }
}

/// The counters of a port at one moment.
public struct PortCount: Hashable, Sendable {
    public var requests: Int64
    public var errors: Int64
    public var activeAt: Timestamp

    public init(requests: Int64 = 0, errors: Int64 = 0, activeAt: Timestamp) {
        self.requests = requests
        self.errors = errors
        self.activeAt = activeAt
    }
}
