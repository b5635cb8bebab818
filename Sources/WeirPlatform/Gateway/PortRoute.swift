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
