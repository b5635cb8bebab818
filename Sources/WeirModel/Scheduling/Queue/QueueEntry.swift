/// A run that waits for its turn, or has had it: all that the queue knows of it.
public struct QueueEntry: Hashable, Sendable, Codable {
    public var id: Identifier<Workload>
    /// The number of the run; a workload that is started again waits as another run.
    public var run: Int
    public var workspace: Identifier<Workspace>
    public var account: Identifier<Account>
    public var priority: PriorityClass
    /// Of one instance.
    public var demand: Demand
    /// A gang: all of them start, or none.
    public var instances: Int
    public var queuedAt: Timestamp
    /// Seconds that a run may last at most, counted from when it runs; nil is no known end.
    public var limit: Int?
    /// It may be stopped for one that is not preemptible.
    public var isPreemptible: Bool
    /// For the explanation.
    public var name: String
    public var flavor: String
    public var kind: WorkloadKind

    public init(
        id: Identifier<Workload>, run: Int, workspace: Identifier<Workspace>, account: Identifier<Account>,
        priority: PriorityClass = .normal, demand: Demand, instances: Int = 1, queuedAt: Timestamp, limit: Int? = nil,
        isPreemptible: Bool = false, name: String, flavor: String, kind: WorkloadKind
    ) {
        self.id = id
        self.run = run
        self.workspace = workspace
        self.account = account
        self.priority = priority
        self.demand = demand
        self.instances = instances
        self.queuedAt = queuedAt
        self.limit = limit
        self.isPreemptible = isPreemptible
        self.name = name
        self.flavor = flavor
        self.kind = kind
    }

    /// What it holds of its quotas from its start to its end.
    public var holdings: Holdings { Holdings(demand, instances: instances) }
}
