import TestSupport
import WeirModel

/// Clusters and demands of all sorts: two resource groups, mixed devices on a node, parts by compute and by memory, gangs.
enum RandomClusters {
    static func nodes(_ random: inout SeededRandom) -> [Node] {
        (0..<Int.random(in: 1...12, using: &random)).map { number in
            let models = ["T4", "G2"].shuffled(using: &random)
            let count = [0, 1, 2, 4, 8].randomElement(using: &random)!
            let isMixed = Int.random(in: 0..<4, using: &random) == 0
            return Node(
                name: "n\(number)", group: ["default", "lab"].randomElement(using: &random)!,
                cpu: 1000 * Int.random(in: 4...64, using: &random), memory: .gib(.random(in: 8...256, using: &random)),
                accelerators: (0..<count).map { device in
                    Accelerator(
                        device: "nvidia.com/gpu=\(device)", kind: "nvidia.com/gpu",
                        model: isMixed && device % 2 == 1 ? models[1] : models[0], memory: .gib(16))
                })
        }
    }

    static func demand(_ random: inout SeededRandom) -> Demand {
        var accelerator: AcceleratorDemand?
        if Int.random(in: 0..<4, using: &random) > 0 {
            let count = [1, 1, 1, 1, 2, 4].randomElement(using: &random)!
            accelerator = AcceleratorDemand(
                kind: "nvidia.com/gpu", models: [[], [], ["T4"], ["G2"]].randomElement(using: &random)!, count: count,
                compute: count > 1 ? 1000 : [100, 250, 500, 810, 1000].randomElement(using: &random)!,
                memory: .gib([0, 2, 8, 16].randomElement(using: &random)!))
        }
        return Demand(
            cpu: 500 * Int.random(in: 1...16, using: &random), memory: .gib(.random(in: 0...16, using: &random)),
            accelerator: accelerator, group: ["default", "default", "lab"].randomElement(using: &random)!)
    }

    static func policy(_ random: inout SeededRandom) -> PlacementPolicy {
        let mix = WorkloadMix(of: (0..<30).map { _ in demand(&random) })
        return [
            .firstFit, .bestFit, .dotProduct, .fragmentation(mix), .pooling(knowing: mix), .pooling(), .random(seed: 7),
        ].randomElement(using: &random)!
    }
}

/// What is held, counted apart from the cluster.
struct HeldBooks {
    let nodes: [Node]
    private(set) var held: [(demand: Demand, placement: Placement)] = []

    init(nodes: [Node]) { self.nodes = nodes }

    mutating func add(_ demand: Demand, _ placement: Placement) { held.append((demand, placement)) }
    mutating func remove(at position: Int) -> (demand: Demand, placement: Placement) { held.remove(at: position) }

    /// What is wrong with what is held; empty when nothing is.
    var faults: [String] {
        var faults: [String] = []
        for (number, node) in nodes.enumerated() {
            let here = held.filter { $0.placement.node == number }
            if here.reduce(0, { $0 + $1.demand.cpu }) > node.cpu { faults.append("\(node.name): CPU") }
            if here.reduce(0, { $0 + $1.demand.memory.count }) > node.memory.count { faults.append("\(node.name): memory") }
            for (position, device) in node.accelerators.enumerated() {
                let users = here.filter { $0.placement.devices.contains(position) }.compactMap(\.demand.accelerator)
                if users.reduce(0, { $0 + $1.compute }) > 1000 { faults.append("\(node.name)/\(position): compute") }
                if users.reduce(0, { $0 + $1.memory.count }) > device.memory.count { faults.append("\(node.name)/\(position): memory") }
                for user in users where user.kind != device.kind || !(user.models.isEmpty || user.models.contains(device.model)) {
                    faults.append("\(node.name)/\(position): model")
                }
            }
            for (demand, placement) in here {
                if demand.group != node.group { faults.append("\(node.name): group") }
                if Set(placement.devices).count != (demand.accelerator?.count ?? 0) { faults.append("\(node.name): devices") }
            }
        }
        return faults
    }
}
