/// The whole state of a scheduler as it is written to the record: a scheduler made from it decides as the other would have.
public struct SchedulerSnapshot: Hashable, Sendable, Codable {
    public var nodes: [Node]
    public var settings: SchedulingSettings
}

extension Scheduler {
    public var snapshot: SchedulerSnapshot { SchedulerSnapshot(nodes: cluster.nodes, settings: settings) }

    public init(_ snapshot: SchedulerSnapshot) { self.init(nodes: snapshot.nodes, settings: snapshot.settings) }
}
