/// A run as a simulation takes it in: who wants what, when, and how long it lasts once it has it.
public struct SimulatedRun: Hashable, Sendable {
    public var name: String
    public var workspace: String
    public var account: String
    public var flavor: String
    public var priority: PriorityClass
    /// Of one instance.
    public var demand: Demand
    /// A gang: all of them start, or none.
    public var instances: Int
    /// Seconds after the beginning.
    public var arrives: Int
    /// Seconds from its start to its end.
    public var lasts: Int
    /// Seconds that it may last at most, as far as the queue is told.
    public var limit: Int?
    public var isPreemptible: Bool

    public init(
        name: String, workspace: String, account: String, flavor: String = "", priority: PriorityClass = .normal,
        demand: Demand, instances: Int = 1, arrives: Int, lasts: Int, limit: Int? = nil, isPreemptible: Bool = false
    ) {
        self.name = name
        self.workspace = workspace
        self.account = account
        self.flavor = flavor
        self.priority = priority
        self.demand = demand
        self.instances = instances
        self.arrives = arrives
        self.lasts = lasts
        self.limit = limit
        self.isPreemptible = isPreemptible
    }

    /// The same with accelerators taken whole only.
    public var withWholeAccelerators: SimulatedRun {
        var run = self
        run.demand = demand.withWholeAccelerators
        return run
    }

    /// Tasks of the openb trace that have an arrival. The class of service stands for the workspace. A task lasts from its
    /// scheduling, else its creation, to its deletion, else to the last moment of the list.
    public static func runs(_ tasks: [OpenbTrace.Task]) -> [SimulatedRun] {
        let first = tasks.compactMap(\.created).min() ?? 0
        let last = tasks.map { max($0.deleted ?? 0, $0.created ?? 0) }.max() ?? 0
        return tasks.compactMap { task in
            guard let created = task.created else { return nil }
            let workspace = task.service.isEmpty ? "all" : task.service
            return SimulatedRun(
                name: task.name, workspace: workspace, account: workspace, demand: task.demand, arrives: created - first,
                lasts: max(1, (task.deleted ?? last) - max(created, task.started ?? created)))
        }
    }
}
