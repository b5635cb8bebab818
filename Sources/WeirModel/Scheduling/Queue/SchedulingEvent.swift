/// What happened, as far as the queue has to know it. The record of these is enough to make each decision again.
public enum SchedulingEvent: Hashable, Sendable, Codable {
    case arrived(QueueEntry)
    /// One that waited does not want to start any more.
    case left(Identifier<Workload>)
    /// It was let in before this scheduler was made: by an earlier run of Weir.
    case started(QueueEntry, [Placement], at: Timestamp)
    /// It runs: its limit counts from here.
    case running(Identifier<Workload>, at: Timestamp)
    /// All that it held is free.
    case ended(Identifier<Workload>, at: Timestamp)
    /// Nil is no limit.
    case quota(Identifier<Workspace>, Quota?)
    case personQuota(Identifier<Workspace>, Identifier<Account>, Quota?)
    /// The part of the zone that is a workspace's own when all want more: 100 unless it is said.
    case weight(Identifier<Workspace>, Int)
    /// The same between the people of a workspace.
    case personWeight(Identifier<Workspace>, Identifier<Account>, Int)
    /// The nodes there are from now on. What runs stays on the nodes and devices of the same name.
    case nodes([Node])
    case settings(SchedulingSettings)
}

/// What has to be done now. The scheduler counts it as done.
public enum SchedulingDecision: Hashable, Sendable, Codable {
    /// One placement for each instance.
    case start(Identifier<Workload>, [Placement])
    /// Stop the first with notice, so that the second can start. The second starts when `ended` has been told of the first.
    case preempt(Identifier<Workload>, for: Identifier<Workload>)
}
