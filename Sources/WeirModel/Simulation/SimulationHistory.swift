/// What happened in an installation, as JSON: the nodes that it had and the runs that were wanted.
///
/// `Docs/scheduling.md` has an example. Nodes may be left out when they are given apart.
public struct SimulationHistory: Hashable, Sendable, Codable {
    public struct Run: Hashable, Sendable, Codable {
        public var name: String
        public var workspace: String
        public var account: String
        public var flavor: String?
        public var priority: PriorityClass?
        /// Of one instance.
        public var demand: Demand
        /// One when it is left out.
        public var instances: Int?
        public var queuedAt: Timestamp
        /// From its start to its end. Nil while it ran when the history was written: it lasts to the end of the simulation.
        public var seconds: Int?
        /// The limit in seconds that it had.
        public var limit: Int?
        public var preemptible: Bool?

        enum CodingKeys: String, CodingKey {
            case name, workspace, account, flavor, priority, demand, instances, seconds, limit, preemptible
            case queuedAt = "queued_at"
        }

        public init(
            name: String, workspace: String, account: String, flavor: String? = nil, priority: PriorityClass? = nil,
            demand: Demand, instances: Int? = nil, queuedAt: Timestamp, seconds: Int?, limit: Int? = nil, preemptible: Bool? = nil
        ) {
            self.name = name
            self.workspace = workspace
            self.account = account
            self.flavor = flavor
            self.priority = priority
            self.demand = demand
            self.instances = instances
            self.queuedAt = queuedAt
            self.seconds = seconds
            self.limit = limit
            self.preemptible = preemptible
        }
    }

    public var nodes: [Node]?
    public var runs: [Run]
    /// By workspace: its weight in the fair share, where it is not 100.
    public var weights: [String: Int]?

    public init(nodes: [Node]?, runs: [Run], weights: [String: Int]? = nil) {
        self.nodes = nodes
        self.runs = runs
        self.weights = weights
    }

    public var simulatedRuns: [SimulatedRun] {
        let first = runs.map(\.queuedAt).min() ?? Timestamp(milliseconds: 0)
        func seconds(_ moment: Timestamp) -> Int { Int((moment - first).milliseconds / 1000) }
        let last = runs.map { seconds($0.queuedAt) + max(0, $0.seconds ?? 0) }.max() ?? 0
        return runs.map { run in
            let arrives = seconds(run.queuedAt)
            return SimulatedRun(
                name: run.name, workspace: run.workspace, account: run.account, flavor: run.flavor ?? "",
                priority: run.priority ?? .normal, demand: run.demand, instances: max(1, run.instances ?? 1), arrives: arrives,
                lasts: max(1, run.seconds ?? last - arrives), limit: run.limit, isPreemptible: run.preemptible ?? false)
        }
    }
}
