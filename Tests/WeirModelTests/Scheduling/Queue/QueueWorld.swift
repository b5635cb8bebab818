import TestSupport
import WeirModel

/// A queue with a book of its own beside it: what was let in, where, and whose it is.
struct QueueWorld {
    var scheduler: Scheduler
    var now: Int64 = 1_700_000_000_000
    var waiting: [Identifier<Workload>: QueueEntry] = [:]
    var running: [Identifier<Workload>: Run] = [:]
    var quotas: [Identifier<Workspace>: Quota] = [:]
    var personQuotas: [Identifier<Account>: Quota] = [:]
    var nodes: [Node]
    let workspaces: [Identifier<Workspace>]
    let accounts: [Identifier<Account>]
    private var created: UInt64 = 0

    struct Run {
        var entry: QueueEntry
        var placements: [Placement]
        var startedAt: Int64
        var givesWay = false
    }

    struct Broken: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }

    init(nodes: [Node], settings: SchedulingSettings = SchedulingSettings(), workspaces count: Int = 3) {
        self.nodes = nodes
        scheduler = Scheduler(nodes: nodes, settings: settings)
        workspaces = (0..<count).map { Identifier(at: Timestamp(milliseconds: Int64($0)), randomness: (UInt64($0), 1)) }
        accounts = (0..<count * 2).map { Identifier(at: Timestamp(milliseconds: Int64($0)), randomness: (UInt64($0), 2)) }
    }

    var moment: Timestamp { Timestamp(milliseconds: now) }

    /// - Parameter person: two for each workspace.
    mutating func entry(
        person: Int, _ demand: Demand, instances: Int = 1, priority: PriorityClass = .normal, limit: Int? = nil,
        isPreemptible: Bool = false, name: String = "train", flavor: String = "plain"
    ) -> QueueEntry {
        created += 1
        return QueueEntry(
            id: Identifier(at: moment, randomness: (created, 3)), run: 1, workspace: workspaces[person / 2], account: accounts[person],
            priority: priority, demand: demand, instances: instances, queuedAt: moment, limit: limit, isPreemptible: isPreemptible,
            name: name, flavor: flavor, kind: .job)
    }

    mutating func arrive(_ entry: QueueEntry) {
        waiting[entry.id] = entry
        scheduler.apply(.arrived(entry), at: moment)
    }

    mutating func leave(_ id: Identifier<Workload>) {
        waiting[id] = nil
        scheduler.apply(.left(id), at: moment)
    }

    mutating func end(_ id: Identifier<Workload>) {
        running[id] = nil
        scheduler.apply(.ended(id, at: moment), at: moment)
    }

    mutating func set(_ quota: Quota?, ofWorkspace index: Int) {
        quotas[workspaces[index]] = quota
        scheduler.apply(.quota(workspaces[index], quota), at: moment)
    }

    mutating func set(_ quota: Quota?, ofPerson index: Int) {
        personQuotas[accounts[index]] = quota
        scheduler.apply(.personQuota(workspaces[index / 2], accounts[index], quota), at: moment)
    }

    /// Lets the scheduler decide, and checks each decision against the book.
    @discardableResult mutating func decide() throws -> [SchedulingDecision] {
        let decisions = scheduler.decide(at: moment)
        for decision in decisions {
            switch decision {
            case .start(let id, let placements):
                guard let entry = waiting.removeValue(forKey: id) else { throw Broken("\(id) started and did not wait") }
                guard placements.count == entry.instances else {
                    throw Broken("\(placements.count) of \(entry.instances) instances started")
                }
                running[id] = Run(entry: entry, placements: placements, startedAt: now)
                try checkQuota(of: entry)
            case .preempt(let id, let other):
                guard let run = running[id], run.entry.isPreemptible, !run.givesWay else { throw Broken("\(id) may not be stopped") }
                guard let entry = waiting[other], !entry.isPreemptible else { throw Broken("\(other) may not stop others") }
                running[id]?.givesWay = true
            }
        }
        try checkNodes()
        return decisions
    }

    private func held(_ isMeant: (QueueEntry) -> Bool) -> Holdings {
        running.values.filter { isMeant($0.entry) }.reduce(.none) { $0 + $1.entry.holdings }
    }

    private func checkQuota(of entry: QueueEntry) throws {
        let byWorkspace = held { $0.workspace == entry.workspace }
        let byPerson = held { $0.workspace == entry.workspace && $0.account == entry.account }
        if let limit = quotas[entry.workspace]?.firstExceeded(by: byWorkspace) { throw Broken("above the workspace's quota of \(limit)") }
        if let limit = personQuotas[entry.account]?.firstExceeded(by: byPerson) { throw Broken("above the person's quota of \(limit)") }
    }

    private func checkNodes() throws {
        var free = nodes.map { node in
            (
                cpu: node.cpu, memory: node.memory.count, compute: node.accelerators.map { _ in 1000 },
                gpu: node.accelerators.map(\.memory.count)
            )
        }
        for run in running.values {
            for placement in run.placements {
                let (node, demand) = (nodes[placement.node], run.entry.demand)
                guard node.group == demand.group else { throw Broken("placed in the group \(node.group)") }
                free[placement.node].cpu -= demand.cpu
                free[placement.node].memory -= demand.memory.count
                guard let wanted = demand.accelerator else { continue }
                guard Set(placement.devices).count == wanted.count else { throw Broken("\(placement.devices) for \(wanted.count) devices") }
                for device in placement.devices {
                    let accelerator = node.accelerators[device]
                    guard accelerator.kind == wanted.kind, wanted.models.isEmpty || wanted.models.contains(accelerator.model) else {
                        throw Broken("placed on \(accelerator.model)")
                    }
                    free[placement.node].compute[device] -= wanted.compute
                    free[placement.node].gpu[device] -= wanted.memory.count
                }
            }
        }
        for node in free
        where node.cpu < 0 || node.memory < 0 || node.compute.contains(where: { $0 < 0 }) || node.gpu.contains(where: { $0 < 0 }) {
            throw Broken("a node gives out more than it has: \(node)")
        }
    }
}

extension QueueWorld {
    static func node(_ name: String, cpu: Int = 16_000, gpus: Int = 0, model: String = "P1", group: String = Node.commonGroup) -> Node {
        Node(
            name: name, group: group, cpu: cpu, memory: .gib(64),
            accelerators: (0..<gpus).map {
                Accelerator(device: "nvidia.com/gpu=\($0)", kind: "nvidia.com/gpu", model: model, memory: .gib(24))
            })
    }

    static func cpu(_ thousandths: Int) -> Demand { Demand(cpu: thousandths, memory: .mib(100)) }

    static func gpu(count: Int = 1, compute: Int = 1000, memory: Bytes = .gib(4), models: [String] = []) -> Demand {
        Demand(
            cpu: 500, memory: .mib(100),
            accelerator: AcceleratorDemand(kind: "nvidia.com/gpu", models: models, count: count, compute: compute, memory: memory))
    }

    static func randomDemand(_ random: inout SeededRandom) -> Demand {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: cpu(1000 * Int.random(in: 1...16, using: &random))
        case 1: gpu(count: Int.random(in: 2...4, using: &random))
        default:
            gpu(
                compute: 100 * Int.random(in: 1...10, using: &random), memory: .gib(Int64.random(in: 1...24, using: &random)),
                models: Bool.random(using: &random) ? [] : ["P1"])
        }
    }
}
