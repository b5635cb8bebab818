/// What does not change about the nodes of a cluster: which are alike, and what could ever go where.
final class Fleet: Sendable {
    /// Nodes that differ only in name.
    struct Kind: Hashable, Sendable {
        struct Device: Hashable, Sendable {
            var kind: String
            var model: String
            var memory: Int64
        }

        var group: String
        var cpu: Int
        var memory: Int64
        var devices: [Device]
    }

    let nodes: [Node]
    let kinds: [Kind]
    /// By node: its kind, and where its devices begin in lists of all devices.
    let kindOf: [Int]
    let firstDevice: [Int]
    let deviceCount: Int
    /// By kind, of each device the first that is like it.
    let alike: [[Int]]
    /// By kind: how many nodes are of it.
    let population: [Int]
    let largestCPU: Int
    let largestCount: Int

    init(nodes: [Node]) {
        var (kinds, kindOf, positions) = ([Kind](), [Int](), [Kind: Int]())
        var (firstDevice, devices, population) = ([Int](), 0, [Int]())
        for node in nodes {
            let kind = Kind(
                group: node.group, cpu: node.cpu, memory: node.memory.count,
                devices: node.accelerators.map { .init(kind: $0.kind, model: $0.model, memory: $0.memory.count) })
            let position = positions[kind] ?? kinds.count
            if position == kinds.count {
                positions[kind] = position
                kinds.append(kind)
                population.append(0)
            }
            population[position] += 1
            kindOf.append(position)
            firstDevice.append(devices)
            devices += node.accelerators.count
        }
        self.nodes = nodes
        self.kinds = kinds
        self.kindOf = kindOf
        self.firstDevice = firstDevice
        self.population = population
        deviceCount = devices
        alike = kinds.map { kind in kind.devices.map { device in kind.devices.firstIndex(of: device) ?? 0 } }
        largestCPU = max(1, kinds.map(\.cpu).max() ?? 1)
        largestCount = max(1, kinds.map(\.devices.count).max() ?? 1)
    }

    /// The devices, by position, that would do for this demand on an empty node of the kind; nil when the node would not.
    func eligible(for demand: Demand, on kind: Kind) -> [Int]? {
        guard kind.group == demand.group, demand.cpu <= kind.cpu, demand.memory.count <= kind.memory else { return nil }
        guard let wanted = demand.accelerator else { return [] }
        let fitting = kind.devices.indices.filter { position in
            let device = kind.devices[position]
            return device.kind == wanted.kind && (wanted.models.isEmpty || wanted.models.contains(device.model))
                && wanted.memory.count <= device.memory && wanted.compute <= 1000
        }
        return fitting.count >= wanted.count ? fitting : nil
    }
    /// How many instances an empty node of the kind has room for.
    func instances(of demand: Demand, onEmpty kind: Kind) -> Int {
        guard let eligible = eligible(for: demand, on: kind) else { return 0 }
        var most = Int.max / max(1, nodes.count)
        if demand.cpu > 0 { most = min(most, kind.cpu / demand.cpu) }
        if demand.memory.count > 0 { most = min(most, Int(kind.memory / demand.memory.count)) }
        guard let wanted = demand.accelerator else { return most }
        let slots = eligible.reduce(0) { sum, device in
            let byMemory = wanted.memory.count > 0 ? Int(kind.devices[device].memory / wanted.memory.count) : most
            return sum + min(wanted.count > 1 ? 1 : 1000 / max(1, wanted.compute), byMemory)
        }
        return min(most, slots / max(1, wanted.count))
    }
}
