/// A simulation while it is played.
struct SimulationPlay {
    private let simulation: Simulation
    private let numbers: [Identifier<Workload>: Int]
    private let entries: [QueueEntry]
    private var scheduler: Scheduler
    private var books: SimulationBooks

    private var now = 0
    /// By run: when it started, and its generation, so that the end of a start that was preempted is told apart.
    private var generations: [Int]
    private var ends = EndHeap()

    init(_ simulation: Simulation) {
        self.simulation = simulation
        let workspaces = Self.identifiers(simulation.runs.map(\.workspace), Workspace.self)
        let accounts = Self.identifiers(simulation.runs.map { $0.workspace + "/" + $0.account }, Account.self)
        var (entries, numbers) = ([QueueEntry](), [Identifier<Workload>: Int]())
        for (number, run) in simulation.runs.enumerated() {
            let at = Timestamp(milliseconds: Int64(run.arrives) * 1000)
            let id = Identifier<Workload>(at: at, randomness: (UInt64(number), 0))
            guard let workspace = workspaces[run.workspace], let account = accounts[run.workspace + "/" + run.account] else { continue }
            numbers[id] = number
            entries.append(
                QueueEntry(
                    id: id, run: 1, workspace: workspace, account: account, priority: run.priority, demand: run.demand,
                    instances: run.instances, queuedAt: at, limit: run.limit, isPreemptible: run.isPreemptible, name: run.name,
                    flavor: run.flavor, kind: .job))
        }
        self.entries = entries
        self.numbers = numbers
        generations = Array(repeating: 0, count: entries.count)
        scheduler = Scheduler(nodes: simulation.nodes, settings: simulation.settings)
        books = SimulationBooks(simulation)
        for (name, weight) in simulation.weights.sorted(by: { $0.key < $1.key }) {
            if let workspace = workspaces[name] { scheduler.apply(.weight(workspace, weight), at: Timestamp(milliseconds: 0)) }
        }
    }

    private static func identifiers<Subject>(_ names: [String], _: Subject.Type) -> [String: Identifier<Subject>] {
        var identifiers: [String: Identifier<Subject>] = [:]
        for name in Set(names).sorted() {
            identifiers[name] = Identifier(at: Timestamp(milliseconds: 0), randomness: (UInt64(identifiers.count), 0))
        }
        return identifiers
    }

    private var moment: Timestamp { Timestamp(milliseconds: Int64(now) * 1000) }

    mutating func run() {
        var next = 0
        while next < entries.count || !ends.isEmpty {
            let arrival = next < entries.count ? simulation.runs[next].arrives : Int.max
            let time = min(arrival, ends.first?.time ?? Int.max)
            books.pass(from: now, to: time)
            now = time
            while let end = ends.first, end.time == now {
                ends.removeFirst()
                if end.generation == generations[end.run] { finish(end.run) }
            }
            while next < entries.count, simulation.runs[next].arrives == now {
                if scheduler.cluster.couldEverHold(entries[next].demand, count: entries[next].instances) {
                    books.arrived(next)
                    scheduler.apply(.arrived(entries[next]), at: moment)
                } else {
                    books.impossible(next)
                }
                next += 1
            }
            decide()
        }
    }

    private mutating func finish(_ run: Int) {
        books.ended(run)
        scheduler.apply(.ended(entries[run].id, at: moment), at: moment)
    }

    /// As often as a decision leads to another: what is preempted makes room at once.
    private mutating func decide() {
        var isSettled = false
        while !isSettled {
            isSettled = true
            for decision in scheduler.decide(at: moment) {
                switch decision {
                case .start(let id, let placements):
                    guard let run = numbers[id] else { continue }
                    generations[run] += 1
                    books.started(run, at: now, placements)
                    scheduler.apply(.running(id, at: moment), at: moment)
                    ends.insert(.init(time: now + simulation.runs[run].lasts, run: run, generation: generations[run]))
                case .preempt(let id, _):
                    guard let run = numbers[id] else { continue }
                    generations[run] += 1
                    finish(run)
                    books.preempted(run)
                    scheduler.apply(.arrived(entries[run]), at: moment)
                    isSettled = false
                }
            }
        }
    }

    func result() -> SimulationResult { books.result(end: now) }
}

/// Ends that are to come, the earliest first.
private struct EndHeap {
    struct End {
        var time: Int
        var run: Int
        var generation: Int

        static func < (a: End, b: End) -> Bool { (a.time, a.run, a.generation) < (b.time, b.run, b.generation) }
    }

    private var ends: [End] = []

    var isEmpty: Bool { ends.isEmpty }
    var first: End? { ends.first }

    mutating func insert(_ end: End) {
        ends.append(end)
        var child = ends.count - 1
        while child > 0, ends[child] < ends[(child - 1) / 2] {
            ends.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() {
        ends.swapAt(0, ends.count - 1)
        ends.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < ends.count && ends[child] < ends[least] { least = child }
            if least == parent { return }
            ends.swapAt(parent, least)
            parent = least
        }
    }
}
