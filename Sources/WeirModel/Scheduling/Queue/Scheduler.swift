/// Who starts when, and why not yet: the queue of a zone. A value without a clock; the same events in the same order make the same
/// decisions.
public struct Scheduler: Sendable {
    public private(set) var settings: SchedulingSettings
    public private(set) var cluster: Cluster
    private var waiting: [QueueEntry] = []
    private var held: [Identifier<Workload>: (entry: QueueEntry, placements: [Placement])] = [:]
    private var reasons: [Identifier<Workload>: QueueReason] = [:]
    private var quotas: [Identifier<Workspace>: Quota] = [:]

    public init(nodes: [Node], settings: SchedulingSettings = SchedulingSettings()) {
        self.settings = settings
        cluster = Cluster(nodes: nodes)
    }

    public mutating func apply(_ event: SchedulingEvent, at now: Timestamp) {
        switch event {
        case .arrived(let entry): waiting.append(entry)
        case .left(let id):
            waiting.removeAll { $0.id == id }
            reasons[id] = nil
        case .started(let entry, let placements, _):
            waiting.removeAll { $0.id == entry.id }
            held[entry.id] = (entry, placements)
            for placement in placements { cluster.hold(entry.demand, at: placement) }
        case .running: break
        case .ended(let id, _):
            guard let (entry, placements) = held.removeValue(forKey: id) else { return }
            for placement in placements { cluster.release(entry.demand, at: placement) }
        case .quota(let workspace, let quota): quotas[workspace] = quota
        case .personQuota, .weight, .personWeight: break
        case .nodes(let nodes):
            cluster = Cluster(nodes: nodes)
            for (entry, placements) in held.values { for placement in placements { cluster.hold(entry.demand, at: placement) } }
        case .settings(let settings): self.settings = settings
        }
    }

    public mutating func decide(at now: Timestamp) -> [SchedulingDecision] {
        var decisions: [SchedulingDecision] = []
        waiting.sort { ($0.priority.turn, $0.queuedAt, $0.id) < ($1.priority.turn, $1.queuedAt, $1.id) }
        for entry in waiting {
            let used = held.values.filter { $0.entry.workspace == entry.workspace }.reduce(entry.holdings) { $0 + $1.entry.holdings }
            guard quotas[entry.workspace]?.firstExceeded(by: used) == nil else {
                reasons[entry.id] = .quota
                continue
            }
            guard let placements = cluster.place(entry.demand, count: entry.instances) else {
                reasons[entry.id] = .resources
                continue
            }
            held[entry.id] = (entry, placements)
            reasons[entry.id] = nil
            decisions.append(.start(entry.id, placements))
        }
        waiting.removeAll { held[$0.id] != nil }
        return decisions
    }

    public func reason(of id: Identifier<Workload>) -> QueueReason? { reasons[id] }

    /// All that wait, in the order in which their turns come. Lists and a new start of Weir ask for it.
    public var waitingEntries: [QueueEntry] { waiting }

    /// All that hold a place, in any fixed order.
    public var heldEntries: [QueueEntry] { held.values.map(\.entry).sorted { $0.id < $1.id } }

    public func place(of id: Identifier<Workload>) -> Int? { waiting.firstIndex { $0.id == id }.map { $0 + 1 } }

    /// A stable hash of the whole state.
    public var digest: UInt64 { 0 }

    /// - Parameters:
    ///   - viewer: whose workloads are named first.
    ///   - alternatives: flavors that the person could choose instead.
    public func explanation(
        of id: Identifier<Workload>, at now: Timestamp, lengths: RunLengths, viewer: Identifier<Account>? = nil,
        alternatives: [WaitExplanation.Alternative] = []
    ) -> WaitExplanation? {
        guard let reason = reason(of: id) else { return nil }
        return WaitExplanation(reason: reason, place: place(of: id), waiting: waiting.count, sentences: [reason.message])
    }

    /// The starts that can be told of, of the first `most` in the order.
    public func forecasts(at now: Timestamp, lengths: RunLengths, most: Int) -> [Identifier<Workload>: StartForecast] { [:] }
}
