/// Amounts of one node and of single devices of it: what a reservation needs there, or keeps.
struct NodeAmount: Hashable, Sendable {
    struct Device: Hashable, Sendable {
        var device: Int
        var compute: Int
        var memory: Int64
    }

    var node: Int
    var cpu = 0
    var memory: Int64 = 0
    var devices: [Device] = []

    var isEmpty: Bool { cpu == 0 && memory == 0 && devices.isEmpty }

    mutating func add(_ demand: Demand, devices positions: [Int]) {
        cpu += demand.cpu
        memory += demand.memory.count
        guard let wanted = demand.accelerator else { return }
        for position in positions { add(position, wanted.compute, wanted.memory.count) }
    }

    mutating func add(_ device: Int, _ compute: Int, _ memory: Int64) {
        if let index = devices.firstIndex(where: { $0.device == device }) {
            devices[index].compute += compute
            devices[index].memory += memory
        } else {
            devices.append(Device(device: device, compute: compute, memory: memory))
        }
    }

    /// Whether it is as large as the other in each item.
    func covers(_ other: NodeAmount) -> Bool {
        guard cpu >= other.cpu, memory >= other.memory else { return false }
        return other.devices.allSatisfy { theirs in
            devices.contains { $0.device == theirs.device && $0.compute >= theirs.compute && $0.memory >= theirs.memory }
        }
    }

    /// Takes from this what the other still has, as far as both reach; the other keeps the rest.
    mutating func consume(_ other: inout NodeAmount) {
        func take(_ a: inout Int, _ b: inout Int) {
            let part = min(a, b)
            (a, b) = (a - part, b - part)
        }
        func take(_ a: inout Int64, _ b: inout Int64) {
            let part = min(a, b)
            (a, b) = (a - part, b - part)
        }
        take(&cpu, &other.cpu)
        take(&memory, &other.memory)
        for index in devices.indices {
            guard let theirs = other.devices.firstIndex(where: { $0.device == devices[index].device }) else { continue }
            take(&devices[index].compute, &other.devices[theirs].compute)
            take(&devices[index].memory, &other.devices[theirs].memory)
        }
        devices.removeAll { $0.compute == 0 && $0.memory == 0 }
    }

    /// What has to be kept of `free` now, so that this is there when so much has been left over of `later` by it.
    ///
    /// Nothing is kept that comes free by itself before.
    func kept(of free: Cluster.Free, whenLater later: Cluster.Free) -> NodeAmount {
        var kept = NodeAmount(node: node)
        kept.cpu = max(0, min(free.cpu, free.cpu - (later.cpu - cpu)))
        kept.memory = max(0, min(free.memory.count, free.memory.count - (later.memory.count - memory)))
        for item in devices {
            let compute = free.compute[item.device] - (later.compute[item.device] - item.compute)
            let memory = free.deviceMemory[item.device].count - (later.deviceMemory[item.device].count - item.memory)
            let device = Device(
                device: item.device, compute: max(0, min(free.compute[item.device], compute)),
                memory: max(0, min(free.deviceMemory[item.device].count, memory)))
            if device.compute > 0 || device.memory > 0 { kept.devices.append(device) }
        }
        return kept
    }
}

extension Cluster.Free {
    mutating func add(_ amount: NodeAmount, times sign: Int = 1) {
        cpu += sign * amount.cpu
        memory = Bytes(memory.count + Int64(sign) * amount.memory)
        for item in amount.devices {
            compute[item.device] += sign * item.compute
            deviceMemory[item.device] = Bytes(deviceMemory[item.device].count + Int64(sign) * item.memory)
        }
    }
}
