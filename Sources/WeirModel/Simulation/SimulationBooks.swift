/// What a simulation counts while it is played: who holds what, who waits, over time.
struct SimulationBooks {
    private struct Account {
        var runs = 0
        var waits: [Int] = []
        var holds = 0
        var waiting = 0
        var held = 0.0
        var heldWhileWaiting = 0.0
        var wanted = false
    }

    private let simulation: Simulation
    private let workspaces: [String]
    private let workspaceOf: [Int]
    /// What one run holds, in the unit that shares are counted in: thousandths of accelerators, else of cores.
    private let sizes: [Int]
    private let capacity: Int
    /// The first arrival and the last.
    private let (opening, closing): (Int, Int)

    private var accounts: [Account]
    private var result = SimulationResult()
    private var placements: [[Placement]]
    private var users: [Placement: Int] = [:]
    private var waiting = 0
    private var held = 0
    private var allocated = 0.0
    private var inUse = 0.0
    private var samples: [(allocated: Double, waiting: Double, seconds: Double)]

    init(_ simulation: Simulation) {
        self.simulation = simulation
        let names = Set(simulation.runs.map(\.workspace)).sorted()
        workspaces = names
        let positions = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        workspaceOf = simulation.runs.map { positions[$0.workspace, default: 0] }
        let devices = simulation.nodes.reduce(0) { $0 + $1.accelerators.count }
        capacity = devices > 0 ? devices * 1000 : simulation.nodes.reduce(0) { $0 + $1.cpu }
        sizes = simulation.runs.map { $0.instances * (devices > 0 ? $0.demand.compute : $0.demand.cpu) }
        opening = simulation.runs.first?.arrives ?? 0
        closing = max(opening + 1, simulation.runs.last?.arrives ?? 0)
        accounts = Array(repeating: Account(), count: names.count)
        placements = Array(repeating: [], count: simulation.runs.count)
        samples = Array(repeating: (0, 0, 0), count: Simulation.samples)
        result.accelerators = devices
        result.runs = simulation.runs.count
    }

    mutating func arrived(_ run: Int) {
        waiting += 1
        accounts[workspaceOf[run]].runs += 1
        accounts[workspaceOf[run]].waiting += 1
    }

    mutating func impossible(_ run: Int) { result.impossible += 1 }

    mutating func started(_ run: Int, at now: Int, _ placements: [Placement]) {
        waiting -= 1
        accounts[workspaceOf[run]].waiting -= 1
        // One that was preempted waited for its first start.
        if self.placements[run].isEmpty {
            accounts[workspaceOf[run]].waits.append(now - simulation.runs[run].arrives)
            result.started += 1
        }
        self.placements[run] = placements
        held += sizes[run]
        accounts[workspaceOf[run]].holds += sizes[run]
        for placement in placements {
            for device in placement.devices { users[Placement(node: placement.node, devices: [device]), default: 0] += 1 }
        }
        result.mostInUse = max(result.mostInUse, users.count)
    }

    mutating func ended(_ run: Int) {
        held -= sizes[run]
        accounts[workspaceOf[run]].holds -= sizes[run]
        for placement in placements[run] {
            for device in placement.devices {
                let key = Placement(node: placement.node, devices: [device])
                let left = users[key, default: 1] - 1
                users[key] = left == 0 ? nil : left
            }
        }
    }

    mutating func preempted(_ run: Int) {
        result.preempted += 1
        waiting += 1
        accounts[workspaceOf[run]].waiting += 1
    }

    /// Time passes, and all stays as it is.
    mutating func pass(from start: Int, to end: Int) {
        guard end > start else { return }
        let seconds = Double(end - start)
        for position in accounts.indices {
            let share = Double(accounts[position].holds) * seconds
            accounts[position].held += share
            if waiting > 0 {
                accounts[position].heldWhileWaiting += share
                if accounts[position].waiting + accounts[position].holds > 0 { accounts[position].wanted = true }
            }
        }
        let (from, to) = (max(start, opening), min(end, closing))
        guard to > from, capacity > 0 else { return }
        allocated += Double(held) * Double(to - from)
        inUse += Double(users.count) * Double(to - from)
        sample(from: from, to: to)
    }

    private mutating func sample(from: Int, to: Int) {
        let width = Double(closing - opening) / Double(Simulation.samples)
        var at = Double(from - opening)
        let end = Double(to - opening)
        while at < end {
            let position = min(Simulation.samples - 1, Int(at / width))
            let next = position == Simulation.samples - 1 ? end : min(end, Double(position + 1) * width)
            let seconds = max(next - at, 1e-9)
            samples[position].allocated += seconds * Double(held) / Double(capacity)
            samples[position].waiting += seconds * Double(waiting)
            samples[position].seconds += seconds
            at += seconds
        }
    }

    func result(end: Int) -> SimulationResult {
        var result = result
        let window = Double(closing - opening)
        result.span = end - opening
        result.allocated = capacity > 0 ? allocated / Double(capacity) / window : 0
        result.meanInUse = inUse / window
        result.waits = .init(accounts.flatMap(\.waits))
        let all = accounts.reduce(0) { $0 + $1.held }
        let allWhileWaiting = accounts.reduce(0) { $0 + $1.heldWhileWaiting }
        result.shares = zip(workspaces, accounts).map { name, account in
            .init(
                workspace: name, weight: simulation.weights[name] ?? 100, runs: account.runs, waits: .init(account.waits),
                held: all > 0 ? account.held / all : 0,
                heldWhileWaiting: allWhileWaiting > 0 ? account.heldWhileWaiting / allWhileWaiting : 0)
        }
        let wanting = zip(result.shares, accounts).filter { $1.wanted }.map { $0.0.heldWhileWaiting / Double(max(1, $0.0.weight)) }
        let squares = wanting.reduce(0) { $0 + $1 * $1 }
        let sum = wanting.reduce(0, +)
        result.fairness = squares > 0 ? sum * sum / (Double(wanting.count) * squares) : 1
        let width = window / Double(Simulation.samples)
        result.samples = samples.enumerated().compactMap { position, sample in
            guard sample.seconds > 0 else { return nil }
            return .init(
                at: Int(Double(position) * width), allocated: sample.allocated / sample.seconds, waiting: sample.waiting / sample.seconds)
        }
        return result
    }
}
