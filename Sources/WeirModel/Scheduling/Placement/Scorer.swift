/// Scores one node for one demand: the higher the better, equal scores are ties.
struct Scorer {
    let policy: PlacementPolicy
    let fleet: Fleet
    let room: Room
    let fragmentation: Fragmentation?
    /// By node: `useless` of it as it is.
    let base: [Double]

    struct Choice {
        var score = Shape.noRoom
        /// For a demand of one device.
        var device = -1
    }

    /// - Parameter eligible: by kind of node, as of a `Shape`.
    func choose(_ demand: Demand, _ eligible: [[Int]?], on node: Int) -> Choice {
        guard demand.cpu <= room.cpu[node], demand.memory.count <= room.memory[node],
            let eligible = eligible[fleet.kindOf[node]]
        else { return Choice() }
        guard let wanted = demand.accelerator else {
            return Choice(score: score(demand, on: node, taking: []), device: -1)
        }
        if wanted.count > 1 {
            let devices = devices(for: wanted, among: eligible, on: node)
            return devices.count == wanted.count ? Choice(score: score(demand, on: node, taking: devices)) : Choice()
        }
        return chooseDevice(demand, wanted, among: eligible, on: node)
    }

    /// The devices that a demand of several gets: the fullest that have room, the first of equals; fewer when there are not enough.
    func devices(for wanted: AcceleratorDemand, among eligible: [Int], on node: Int) -> [Int] {
        let first = fleet.firstDevice[node]
        let fitting = eligible.filter {
            room.compute[first + $0] >= wanted.compute && room.deviceMemory[first + $0] >= wanted.memory.count
        }
        guard fitting.count > wanted.count else { return fitting }
        return Array(fitting.sorted { (room.compute[first + $0], $0) < (room.compute[first + $1], $1) }.prefix(wanted.count)).sorted()
    }

    private func chooseDevice(
        _ demand: Demand, _ wanted: AcceleratorDemand, among eligible: [Int], on node: Int
    ) -> Choice {
        let first = fleet.firstDevice[node]
        let alike = fleet.alike[fleet.kindOf[node]]
        let looksAtDevices = policy.looksAtDevices
        var best = Choice()
        for (order, device) in eligible.enumerated() {
            let (compute, memory) = (room.compute[first + device], room.deviceMemory[first + device])
            guard compute >= wanted.compute, memory >= wanted.memory.count else { continue }
            if best.device >= 0 {
                // One like it has been looked at.
                if eligible[..<order].contains(where: {
                    room.compute[first + $0] == compute && room.deviceMemory[first + $0] == memory && alike[$0] == alike[device]
                }) {
                    continue
                }
                guard looksAtDevices else {
                    if compute < room.compute[first + best.device] { best.device = device }
                    continue
                }
            }
            let score = score(demand, on: node, taking: CollectionOfOne(device))
            if score > best.score || score == best.score && compute < room.compute[first + best.device] {
                best = Choice(score: score, device: device)
            }
        }
        return best
    }

    private func score(_ demand: Demand, on node: Int, taking devices: some Collection<Int>) -> Int32 {
        let taken = demand.accelerator.map { $0.compute * $0.count } ?? 0
        switch policy {
        case .random, .firstFit: return 0
        case .bestFit:
            let cpu = Double(room.cpu[node] - demand.cpu) / Double(fleet.largestCPU)
            let compute = Double(left(on: node) - taken) / Double(1000 * fleet.largestCount)
            return Int32(100 * (1 - (cpu + compute) / 2))
        case .dotProduct:
            let cpu = Double(room.cpu[node]) / Double(fleet.largestCPU) * (Double(demand.cpu) / Double(fleet.largestCPU))
            let whole = Double(1000 * fleet.largestCount)
            let compute = Double(left(on: node)) / whole * (Double(taken) / whole)
            return Int32(100 * (1 - (cpu + compute) / 2))
        case .fragmentation:
            guard let fragmentation else { return 0 }
            let after = useless(node, less: demand, on: devices, fragmentation).fragment
            return LogisticPoints.of((base[node] - after) / 1000)
        case .pooling:
            guard let fragmentation else { return 0 }
            let after = useless(node, less: demand, on: devices, fragmentation)
            var loss = after.fragment + after.stranded - base[node]
            if let wanted = demand.accelerator {
                let prices = fragmentation.measures[fleet.kindOf[node]].prices
                for device in devices { loss += prices[device] * Double(wanted.compute) }
            }
            return PoolingScore.of(loss: loss, keepsAccelerators: demand.accelerator == nil && after.left == 0)
        }
    }

    private func left(on node: Int) -> Int {
        let first = fleet.firstDevice[node]
        return room.compute[first..<first + fleet.kinds[fleet.kindOf[node]].devices.count].reduce(0, +)
    }

    struct Useless {
        var fragment = 0.0
        var stranded = 0.0
        var left = 0
    }

    /// What would be useless on a node after this demand took these devices.
    func useless(
        _ node: Int, less demand: Demand, on taken: some Collection<Int>, _ fragmentation: Fragmentation
    ) -> Useless {
        useless(
            node, cpu: room.cpu[node] - demand.cpu, memory: room.memory[node] - demand.memory.count,
            takes: demand.accelerator?.compute ?? 0, demand.accelerator?.memory.count ?? 0, on: taken, fragmentation)
    }

    func useless(_ node: Int, _ fragmentation: Fragmentation) -> Useless {
        useless(node, cpu: room.cpu[node], memory: room.memory[node], takes: 0, 0, on: EmptyCollection(), fragmentation)
    }

    private func useless(
        _ node: Int, cpu: Int, memory: Int64, takes compute: Int, _ deviceMemory: Int64, on taken: some Collection<Int>,
        _ fragmentation: Fragmentation
    ) -> Useless {
        let kind = fleet.kindOf[node]
        let (first, count) = (fleet.firstDevice[node], fleet.kinds[kind].devices.count)
        guard count > 0 else { return Useless() }
        return withUnsafeTemporaryAllocation(of: DeviceRoom.self, capacity: count) { devices in
            var sum = 0
            for device in 0..<count {
                devices[device] = DeviceRoom(compute: room.compute[first + device], memory: room.deviceMemory[first + device])
            }
            for device in taken {
                devices[device].compute -= compute
                devices[device].memory -= deviceMemory
            }
            for device in 0..<count {
                let all = fleet.kinds[kind].devices[device].memory
                let room = devices[device]
                devices[device].left = all > 0 ? min(room.compute, Int(room.memory * 1000 / all)) : room.compute
                sum += devices[device].left
            }
            guard sum > 0 else { return Useless() }
            let measure = fragmentation.measures[kind]
            let fragment = measure.tasks.withUnsafeBufferPointer { tasks in
                measure.groups.withUnsafeBufferPointer { groups in
                    measure.usable.withUnsafeBufferPointer { usable in
                        groups.reduce(measure.beyond * Double(sum)) { fragment, group in
                            fragment + Self.fragment(of: group, devices, sum, able: Self.able(group, tasks, cpu, memory), usable)
                        }
                    }
                }
            }
            return Useless(fragment: fragment, stranded: PoolingScore.stranded(sum, cpu, memory, fragmentation), left: sum)
        }
    }

    private struct DeviceRoom {
        var compute: Int
        var memory: Int64
        var left = 0
    }

    /// The part of all tasks that are of this group and have enough CPU and memory.
    private static func able(
        _ group: Fragmentation.Group, _ tasks: UnsafeBufferPointer<Fragmentation.Task>, _ cpu: Int, _ memory: Int64
    ) -> Double {
        var able = 0.0
        for position in group.tasks {
            let task = tasks[position]
            if task.cpu > cpu { break }
            if task.memory <= memory { able += task.share }
        }
        return able
    }

    private static func fragment(
        of group: Fragmentation.Group, _ devices: UnsafeMutableBufferPointer<DeviceRoom>, _ sum: Int, able: Double,
        _ usable: UnsafeBufferPointer<Int>
    ) -> Double {
        let all = Double(sum)
        guard able > 0 else { return group.share * all }
        var (fitting, tooFull) = (0, sum)
        func look(_ room: DeviceRoom) {
            guard room.compute >= group.compute, room.memory >= group.memory else { return }
            fitting += 1
            tooFull -= room.left
        }
        if let range = group.usable {
            for position in range { look(devices[usable[position]]) }
        } else {
            for room in devices { look(room) }
        }
        guard fitting >= group.count else { return group.share * all }
        return (group.share - able) * all + able * Double(tooFull)
    }
}

extension PlacementPolicy {
    /// Whether the device makes a difference to the score.
    var looksAtDevices: Bool {
        switch self {
        case .fragmentation, .pooling: true
        case .random, .firstFit, .bestFit, .dotProduct: false
        }
    }
}
