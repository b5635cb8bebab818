/// Where an instance is put: a node of a cluster and devices of that node, by their positions.
public struct Placement: Hashable, Sendable, Codable {
    public var node: Int
    public var devices: [Int]

    public init(node: Int, devices: [Int] = []) {
        self.node = node
        self.devices = devices
    }
}

/// The nodes of a zone and what of them is given out. The same nodes and the same calls give the same placements.
public struct Cluster: Sendable {
    public let nodes: [Node]
    private var free: [Free]

    /// What of a node nobody holds; of each accelerator the thousandths of compute and the memory.
    public struct Free: Hashable, Sendable {
        public var cpu: Int
        public var memory: Bytes
        public var compute: [Int]
        public var deviceMemory: [Bytes]
    }

    public init(nodes: [Node]) {
        self.nodes = nodes
        free = nodes.map { node in
            Free(
                cpu: node.cpu, memory: node.memory, compute: node.accelerators.map { _ in 1000 },
                deviceMemory: node.accelerators.map(\.memory))
        }
    }

    public func free(on node: Int) -> Free { free[node] }

    /// The devices of a node that this demand would get, or nil when it has no room.
    public func devices(for demand: Demand, on index: Int) -> [Int]? {
        let (node, free) = (nodes[index], free[index])
        guard node.group == demand.group, demand.cpu <= free.cpu, demand.memory <= free.memory else { return nil }
        guard let wanted = demand.accelerator else { return [] }
        let fitting = node.accelerators.indices.filter { device in
            let accelerator = node.accelerators[device]
            return accelerator.kind == wanted.kind && (wanted.models.isEmpty || wanted.models.contains(accelerator.model))
                && wanted.compute <= free.compute[device] && wanted.memory <= free.deviceMemory[device]
        }
        guard fitting.count >= wanted.count else { return nil }
        // The fullest that still has room, so that whole ones stay free; the first of equals.
        return Array(fitting.sorted { (free.compute[$0], $0) < (free.compute[$1], $1) }.prefix(wanted.count)).sorted()
    }

    /// Whether it would fit on the empty cluster.
    public func couldEverHold(_ demand: Demand) -> Bool {
        let empty = Cluster(nodes: nodes)
        return nodes.indices.contains { empty.devices(for: demand, on: $0) != nil }
    }

    /// Chooses a place, and holds it. Nil when there is none; nothing is changed then.
    public mutating func place(_ demand: Demand) -> Placement? {
        for node in nodes.indices {
            guard let devices = devices(for: demand, on: node) else { continue }
            let placement = Placement(node: node, devices: devices)
            hold(demand, at: placement)
            return placement
        }
        return nil
    }

    /// Chooses places for all instances of a gang, and holds them: all, or none (TRN-13).
    public mutating func place(_ demand: Demand, count: Int) -> [Placement]? {
        var placements: [Placement] = []
        for _ in 0..<count {
            guard let placement = place(demand) else {
                for placement in placements { release(demand, at: placement) }
                return nil
            }
            placements.append(placement)
        }
        return placements
    }

    /// Holds what was given out before, by this run of Weir or an earlier one.
    public mutating func hold(_ demand: Demand, at placement: Placement) { change(demand, at: placement, by: -1) }

    public mutating func release(_ demand: Demand, at placement: Placement) { change(demand, at: placement, by: 1) }

    private mutating func change(_ demand: Demand, at placement: Placement, by sign: Int) {
        free[placement.node].cpu += sign * demand.cpu
        free[placement.node].memory = Bytes(free[placement.node].memory.count + Int64(sign) * demand.memory.count)
        guard let wanted = demand.accelerator else { return }
        for device in placement.devices {
            free[placement.node].compute[device] += sign * wanted.compute
            let memory = free[placement.node].deviceMemory[device].count + Int64(sign) * wanted.memory.count
            free[placement.node].deviceMemory[device] = Bytes(memory)
        }
    }
}
