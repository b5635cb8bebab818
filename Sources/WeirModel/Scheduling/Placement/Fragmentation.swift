/// How much of what a node has left is of no use to a task drawn from the mix, in thousandths of an accelerator.
///
/// A task that the node could not take at all finds all of it useless; one that it could take, those devices that are too
/// full for it (the measure of Weng et al., USENIX ATC 2023). What is left of a device is the smaller of its free compute
/// and the free part of its memory: compute that no memory is left for is not counted as left (QUO-08).
final class Fragmentation: Sendable {
    /// Tasks of the mix that want the same of devices, on one kind of node.
    struct Group: Sendable {
        var compute: Int
        var memory: Int64
        var count: Int
        /// The part of all tasks, 0 to 1.
        var share: Double
        /// Where they stand in `tasks`.
        var tasks: Range<Int>
        /// Where the devices that they may use stand in `usable`; nil when they may use all of the node's.
        var usable: Range<Int>?
    }

    struct Task: Sendable {
        var cpu: Int
        var memory: Int64
        /// The part of all tasks, 0 to 1.
        var share: Double
    }

    struct Measure: Sendable {
        /// The part of all tasks that can never use this kind of node's devices.
        var beyond = 0.0
        var groups: [Group] = []
        /// Within a group by CPU ascending.
        var tasks: [Task] = []
        var usable: [Int] = []
        /// What a task takes of each device's class on top: see `Scarcity`.
        var prices: [Double] = []
    }

    let measures: [Measure]
    /// What a thousandth of an accelerator asks for on average: thousandths of a core, and bytes. Zero when unknown.
    let cpuPerCompute: Double
    let memoryPerCompute: Double

    init(mix: WorkloadMix, fleet: Fleet) {
        let all = Double(max(1, mix.total))
        var (cpu, memory, compute) = (0.0, 0.0, 0.0)
        for entry in mix.entries {
            guard let wanted = entry.demand.accelerator else { continue }
            let times = Double(entry.count)
            cpu += times * Double(entry.demand.cpu)
            memory += times * Double(entry.demand.memory.count)
            compute += times * Double(wanted.compute * wanted.count)
        }
        cpuPerCompute = compute > 0 ? cpu / compute : 0
        memoryPerCompute = compute > 0 ? memory / compute : 0
        let scarcity = Scarcity(mix: mix, fleet: fleet)
        measures = fleet.kinds.map { kind in
            var measure = Self.measure(mix.entries, on: kind, of: all, fleet)
            measure.prices = kind.devices.map { scarcity.price(of: $0, group: kind.group) }
            return measure
        }
    }

    private static func measure(
        _ entries: [WorkloadMix.Entry], on kind: Fleet.Kind, of all: Double, _ fleet: Fleet
    ) -> Measure {
        struct Key: Hashable {
            var compute: Int
            var memory: Int64
            var count: Int
            var devices: [Int]
        }
        var (measure, order, tasks) = (Measure(), [Key](), [Key: [Task]]())
        for entry in entries {
            let share = Double(entry.count) / all
            guard let wanted = entry.demand.accelerator, let devices = fleet.eligible(for: entry.demand, on: kind) else {
                measure.beyond += share
                continue
            }
            let key = Key(compute: wanted.compute, memory: wanted.memory.count, count: wanted.count, devices: devices)
            if tasks[key] == nil { order.append(key) }
            tasks[key, default: []].append(
                Task(cpu: entry.demand.cpu, memory: entry.demand.memory.count, share: share))
        }
        for key in order {
            let sorted = tasks[key, default: []].sorted { ($0.cpu, $0.memory) < ($1.cpu, $1.memory) }
            let (task, device) = (measure.tasks.count, measure.usable.count)
            measure.tasks += sorted
            if key.devices.count < kind.devices.count { measure.usable += key.devices }
            measure.groups.append(
                Group(
                    compute: key.compute, memory: key.memory, count: key.count,
                    share: sorted.reduce(0) { $0 + $1.share }, tasks: task..<measure.tasks.count,
                    usable: device == measure.usable.count ? nil : device..<measure.usable.count))
        }
        return measure
    }
}

/// How much more a class of accelerators is asked for than is there, by tasks that insist on it.
///
/// The demand of each task of the mix is spread evenly over all devices that it may use; the price of a class is what falls
/// on one of its devices, 1 on average. Where nobody insists on a model, all prices are the same.
struct Scarcity {
    private struct Class: Hashable {
        var group: String
        var device: Fleet.Kind.Device
    }

    private var prices: [Class: Double] = [:]

    init(mix: WorkloadMix, fleet: Fleet) {
        var devices: [Class: Double] = [:]
        for (kind, population) in zip(fleet.kinds, fleet.population) {
            for device in kind.devices { devices[Class(group: kind.group, device: device), default: 0] += Double(population) }
        }
        // In a fixed order, so that sums of fractions are the same each time.
        let classes = devices.keys.sorted {
            ($0.group, $0.device.kind, $0.device.model, $0.device.memory)
                < ($1.group, $1.device.kind, $1.device.model, $1.device.memory)
        }
        let asked = mix.entries.reduce(0.0) { sum, entry in
            sum + Double(entry.count * (entry.demand.accelerator.map { $0.compute * $0.count } ?? 0))
        }
        let all = classes.reduce(0.0) { $0 + devices[$1, default: 0] }
        guard asked > 0 else { return }
        for entry in mix.entries {
            guard let wanted = entry.demand.accelerator else { continue }
            let usable = classes.filter {
                $0.group == entry.demand.group && $0.device.kind == wanted.kind
                    && (wanted.models.isEmpty || wanted.models.contains($0.device.model))
                    && wanted.memory.count <= $0.device.memory
            }
            let there = usable.reduce(0.0) { $0 + devices[$1, default: 0] }
            guard there > 0 else { continue }
            let each = Double(entry.count * wanted.compute * wanted.count) / asked * all / there
            for usable in usable { prices[usable, default: 0] += each }
        }
    }

    func price(of device: Fleet.Kind.Device, group: String) -> Double {
        prices[Class(group: group, device: device), default: 0]
    }
}
