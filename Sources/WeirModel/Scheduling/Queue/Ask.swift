/// What equal entries ask for: equal demands in equal numbers are asked for once.
struct Ask: Sendable {
    let demand: Demand
    let instances: Int
    let holdings: Holdings
    /// Entries of one pool compete for the same devices; each pool has a head of its own.
    let pool: Int
    /// By the kind of a node: the devices that will do there; nil when such nodes will not do.
    var devices: [[Int]?]
    /// Of the zone, in millionths.
    var share: Int64
    /// Whether the empty zone has room for it.
    var canEverStart: Bool
    /// How many entries have it.
    var users: Int

    struct Key: Hashable, Sendable {
        var demand: Demand
        var instances: Int
    }

    /// How many instances have room in `free` of a node of a kind, as far as it matters.
    func capacity(in free: Cluster.Free, kind: Int) -> Int {
        guard let usable = devices[kind] else { return 0 }
        var count = instances
        if demand.cpu > 0 { count = min(count, free.cpu / demand.cpu) }
        if demand.memory.count > 0 { count = min(count, Int(free.memory.count / demand.memory.count)) }
        guard count > 0 else { return 0 }
        guard let wanted = demand.accelerator else { return count }
        var places = 0
        for device in usable {
            let (compute, memory) = (free.compute[device], free.deviceMemory[device].count)
            guard compute >= wanted.compute, memory >= wanted.memory.count else { continue }
            guard wanted.count == 1 else {
                places += 1
                continue
            }
            var here = wanted.compute > 0 ? compute / wanted.compute : count
            if wanted.memory.count > 0 { here = min(here, Int(memory / wanted.memory.count)) }
            places += here
        }
        return min(count, places / max(1, wanted.count))
    }

    /// The devices of a node for one instance: the fullest that have room, the first of equals. Nil when there are not enough.
    func devices(in free: Cluster.Free, kind: Int) -> [Int]? {
        guard let usable = devices[kind], demand.cpu <= free.cpu, demand.memory <= free.memory else { return nil }
        guard let wanted = demand.accelerator else { return [] }
        let fitting = usable.filter { wanted.compute <= free.compute[$0] && wanted.memory <= free.deviceMemory[$0] }
        guard fitting.count >= wanted.count else { return nil }
        return fitting.sorted { (free.compute[$0], free.deviceMemory[$0], $0) < (free.compute[$1], free.deviceMemory[$1], $1) }
            .prefix(wanted.count).sorted()
    }
}

/// What is known of the room for an ask; looked at for each entry, so it is kept apart and small.
struct AskRoom: Sendable {
    /// No more than so many instances have room, but for what has grown since.
    var most = Int.max / 2
    /// The position in the list of grown nodes up to which `most` counts.
    var checkedTo = 0
    /// The decision in which `noRoomFrom` was found.
    var pass = 0
    /// In that decision, a run that asks so and ends at this moment or later has no room.
    var noRoomFrom = Int64.max
    let pool: Int
    let share: Int64
    let canEverStart: Bool
    let instances: Int
    let holdings: Holdings
    /// The least that an instance needs, for the first look.
    let least: Glance

    init(_ ask: Ask) {
        pool = ask.pool
        share = ask.share
        canEverStart = ask.canEverStart
        instances = ask.instances
        holdings = ask.holdings
        least = Glance(
            cpu: ask.demand.cpu, memory: ask.demand.memory.count, compute: ask.demand.accelerator?.compute ?? 0,
            deviceMemory: ask.demand.accelerator?.memory.count ?? 0)
    }
}

/// A node at a glance, or a demand: most of what cannot fit is seen from this.
struct Glance: Sendable {
    var cpu: Int
    var memory: Int64
    /// The most that any one device has.
    var compute: Int
    var deviceMemory: Int64

    init(cpu: Int, memory: Int64, compute: Int, deviceMemory: Int64) {
        self.cpu = cpu
        self.memory = memory
        self.compute = compute
        self.deviceMemory = deviceMemory
    }

    init(_ free: Cluster.Free) {
        cpu = free.cpu
        memory = free.memory.count
        compute = free.compute.reduce(0) { max($0, $1) }
        deviceMemory = free.deviceMemory.reduce(0) { max($0, $1.count) }
    }

    func mayHold(_ need: Glance) -> Bool {
        cpu >= need.cpu && memory >= need.memory && compute >= need.compute && deviceMemory >= need.deviceMemory
    }
}

/// What distinguishes nodes for the question whether a demand may go there at all.
struct NodeKind: Hashable, Sendable {
    let group: String
    let kinds: [String]
    let models: [String]

    init(_ node: Node) {
        group = node.group
        kinds = node.accelerators.map(\.kind)
        models = node.accelerators.map(\.model)
    }

    func devices(for demand: Demand) -> [Int]? {
        guard group == demand.group else { return nil }
        guard let wanted = demand.accelerator else { return [] }
        let usable = kinds.indices.filter { kinds[$0] == wanted.kind && (wanted.models.isEmpty || wanted.models.contains(models[$0])) }
        return usable.count >= wanted.count ? usable : nil
    }
}

struct Pool: Hashable, Sendable {
    let group: String
    let kind: String?
    let models: [String]

    init(_ demand: Demand) {
        group = demand.group
        kind = demand.accelerator?.kind
        models = demand.accelerator?.models.sorted() ?? []
    }
}
