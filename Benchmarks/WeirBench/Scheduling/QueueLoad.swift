import TestSupport
import WeirModel

/// A zone of many nodes and what people want of it, at random from a seed.
struct QueueLoad {
    var random: SeededRandom
    let nodes: [Node]
    let demands: [Demand]
    let workspaces: [Identifier<Workspace>]
    let accounts: [Identifier<Account>]
    var now: Int64 = 1_700_000_000_000
    private var created: UInt64 = 0

    static let peopleEach = 5

    init(seed: UInt64, nodes count: Int, demands different: Int, workspaces: Int) {
        var random = SeededRandom(seed: seed)
        nodes = (0..<count).map { position in
            let devices = position % 4 == 0 ? 0 : (position % 8 < 6 ? 8 : 4)
            return Node(
                name: "node-\(position)", cpu: 96_000, memory: .gib(384),
                accelerators: (0..<devices).map {
                    Accelerator(
                        device: "nvidia.com/gpu=\($0)", kind: "nvidia.com/gpu", model: ["B1", "S1", "P1"][position % 3], memory: .gib(32))
                })
        }
        demands = (0..<different).map { Self.demand($0, &random) }
        self.workspaces = (0..<workspaces).map { Identifier(at: Timestamp(milliseconds: Int64($0)), randomness: (1, 0)) }
        accounts = (0..<workspaces * Self.peopleEach).map { Identifier(at: Timestamp(milliseconds: Int64($0)), randomness: (2, 0)) }
        self.random = random
    }

    var moment: Timestamp { Timestamp(milliseconds: now) }

    /// Each is another one, by a thousandth of a core at least.
    private static func demand(_ number: Int, _ random: inout SeededRandom) -> Demand {
        let models = Bool.random(using: &random) ? [] : [["B1", "S1", "P1"][Int.random(in: 0..<3, using: &random)]]
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<2:
            return Demand(
                cpu: 1000 * Int.random(in: 1...16, using: &random) + number, memory: .gib(Int64.random(in: 1...32, using: &random)))
        case 2..<8:
            let share = AcceleratorDemand(
                kind: "nvidia.com/gpu", models: models, compute: 100 * Int.random(in: 1...10, using: &random),
                memory: .gib(Int64.random(in: 1...24, using: &random)))
            return Demand(cpu: 4000 + number, memory: .gib(16), accelerator: share)
        default:
            let whole = AcceleratorDemand(
                kind: "nvidia.com/gpu", count: [2, 4, 8][Int.random(in: 0..<3, using: &random)], compute: 1000, memory: .gib(16))
            return Demand(cpu: 8000 + number, memory: .gib(64), accelerator: whole)
        }
    }

    mutating func entry() -> QueueEntry {
        created += 1
        let person = Int.random(in: 0..<accounts.count, using: &random)
        let isGang = Int.random(in: 0..<20, using: &random) == 0
        return QueueEntry(
            id: Identifier(at: moment, randomness: (created, 0)), run: 1, workspace: workspaces[person / Self.peopleEach],
            account: accounts[person], priority: PriorityClass.allCases[Int.random(in: 0..<3, using: &random)],
            demand: demands[Int.random(in: 0..<demands.count, using: &random)],
            instances: isGang ? Int.random(in: 2...8, using: &random) : 1, queuedAt: moment,
            limit: Int.random(in: 0..<4, using: &random) == 0 ? nil : Int.random(in: 600...200_000, using: &random),
            isPreemptible: Int.random(in: 0..<10, using: &random) == 0, name: "run", flavor: "any", kind: .job)
    }
}
