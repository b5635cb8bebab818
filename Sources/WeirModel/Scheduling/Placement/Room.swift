/// What of a cluster nobody holds, in flat lists: those of devices begin at `Fleet.firstDevice` for each node.
struct Room: Sendable {
    var cpu: [Int]
    var memory: [Int64]
    var compute: [Int]
    var deviceMemory: [Int64]

    init(_ fleet: Fleet) {
        let kinds = fleet.kindOf.map { fleet.kinds[$0] }
        cpu = kinds.map(\.cpu)
        memory = kinds.map(\.memory)
        compute = Array(repeating: 1000, count: fleet.deviceCount)
        deviceMemory = kinds.flatMap { $0.devices.map(\.memory) }
    }

    mutating func change(_ demand: Demand, at placement: Placement, by sign: Int, _ fleet: Fleet) {
        cpu[placement.node] += sign * demand.cpu
        memory[placement.node] += Int64(sign) * demand.memory.count
        guard let wanted = demand.accelerator else { return }
        let first = fleet.firstDevice[placement.node]
        for device in placement.devices {
            compute[first + device] += sign * wanted.compute
            deviceMemory[first + device] += Int64(sign) * wanted.memory.count
        }
    }

    /// Whether nobody holds anything of a node.
    func isUntouched(_ node: Int, _ fleet: Fleet) -> Bool {
        let kind = fleet.kinds[fleet.kindOf[node]]
        guard cpu[node] == kind.cpu, memory[node] == kind.memory else { return false }
        let first = fleet.firstDevice[node]
        return kind.devices.indices.allSatisfy {
            compute[first + $0] == 1000 && deviceMemory[first + $0] == kind.devices[$0].memory
        }
    }

    /// How many instances of this shape a node has room for, up to a limit.
    func instances(of shape: Shape, on node: Int, atMost limit: Int, _ fleet: Fleet) -> Int {
        guard let eligible = shape.eligible[fleet.kindOf[node]] else { return 0 }
        let demand = shape.demand
        guard demand.cpu <= cpu[node], demand.memory.count <= memory[node] else { return 0 }
        var most = limit
        if demand.cpu > 0 { most = min(most, cpu[node] / demand.cpu) }
        if demand.memory.count > 0 { most = min(most, Int(memory[node] / demand.memory.count)) }
        guard let wanted = demand.accelerator else { return most }
        let first = fleet.firstDevice[node]
        var slots = 0
        for device in eligible {
            var there = wanted.compute > 0 ? compute[first + device] / wanted.compute : most
            if wanted.memory.count > 0 { there = min(there, Int(deviceMemory[first + device] / wanted.memory.count)) }
            slots += wanted.count > 1 ? min(1, max(0, there)) : max(0, there)
            if slots >= most * wanted.count { break }
        }
        return min(most, slots / max(1, wanted.count))
    }
}
