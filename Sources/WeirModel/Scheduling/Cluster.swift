/// The nodes of a zone and what of them is given out. The same nodes, policy and calls give the same placements.
///
/// A value that is cheap to copy: a forecast or a simulation goes on with a copy of its own.
public struct Cluster: Sendable {
    public let policy: PlacementPolicy
    /// What was placed so far, by which the pooling policy judges when it was given no mix.
    public private(set) var mix = WorkloadMix()

    let fleet: Fleet
    private(set) var room: Room
    private var random = RepeatableRandom(seed: 0)

    /// Changes are numbered: how many there were, the last of each node, and the last by which something came free.
    private var changes = 0
    private var changed: [Int]
    private var lastRelease = 0
    private var shapes: [Shape] = []
    private var positions: [Demand: Int] = [:]
    private var fragmentation: Fragmentation?
    /// By node: what of it is useless as it is.
    private var base: [Double]
    /// How long the mix was when `fragmentation` was made of it, and that mix.
    private var learned = 0
    private var judged = WorkloadMix()

    /// What of a node nobody holds; of each accelerator the thousandths of compute and the memory.
    public struct Free: Hashable, Sendable {
        public var cpu: Int
        public var memory: Bytes
        public var compute: [Int]
        public var deviceMemory: [Bytes]
    }

    public init(nodes: [Node], policy: PlacementPolicy = .pooling()) {
        self.policy = policy
        fleet = Fleet(nodes: nodes)
        room = Room(fleet)
        changed = Array(repeating: 0, count: nodes.count)
        base = Array(repeating: 0, count: nodes.count)
        switch policy {
        case .random(let seed): random = RepeatableRandom(seed: seed)
        case .fragmentation(let mix): judge(by: mix)
        case .pooling(let mix?): judge(by: mix)
        case .pooling(nil): learn()
        case .firstFit, .bestFit, .dotProduct: break
        }
    }

    public var nodes: [Node] { fleet.nodes }

    public func free(on node: Int) -> Free {
        let first = fleet.firstDevice[node]
        let range = first..<first + fleet.kinds[fleet.kindOf[node]].devices.count
        return Free(
            cpu: room.cpu[node], memory: Bytes(room.memory[node]), compute: Array(room.compute[range]),
            deviceMemory: room.deviceMemory[range].map { Bytes($0) })
    }

    // MARK: What fits

    /// The devices of a node that this demand would get, or nil when it has no room.
    public func devices(for demand: Demand, on node: Int) -> [Int]? {
        let shape = Shape(demand, fleet)
        let choice = scorer.choose(demand, shape.eligible, on: node)
        return choice.score == Shape.noRoom ? nil : devices(choice.device, shape, on: node)
    }

    /// Whether that many would fit on the empty cluster.
    public func couldEverHold(_ demand: Demand, count: Int = 1) -> Bool {
        var found = 0
        for (kind, population) in zip(fleet.kinds, fleet.population) where found < count {
            found += min(count, fleet.instances(of: demand, onEmpty: kind)) * population
        }
        return found >= count
    }

    /// How many instances there is room for now, up to a limit.
    public func capacity(for demand: Demand, atMost limit: Int) -> Int {
        capacity(for: Shape(demand, fleet), room, atMost: limit)
    }

    /// Whether that many would fit if these were released: what preemption has to know, and advice on what to stop.
    public func wouldFit(_ demand: Demand, count: Int = 1, releasing released: [(demand: Demand, placement: Placement)]) -> Bool {
        var room = room
        for (demand, placement) in released { room.change(demand, at: placement, by: 1, fleet) }
        return capacity(for: Shape(demand, fleet), room, atMost: count) >= count
    }

    private func capacity(for shape: Shape, _ room: Room, atMost limit: Int) -> Int {
        var found = 0
        for node in fleet.nodes.indices where found < limit {
            found += room.instances(of: shape, on: node, atMost: limit - found, fleet)
        }
        return found
    }

    // MARK: Giving out and taking back

    /// Chooses a place, and holds it. Nil when there is none; nothing is changed then.
    public mutating func place(_ demand: Demand) -> Placement? {
        guard let placement = choose(demand) else { return nil }
        hold(demand, at: placement)
        return placement
    }

    /// Chooses places for all instances of a gang, and holds them: all, or none (TRN-13).
    public mutating func place(_ demand: Demand, count: Int) -> [Placement]? {
        guard count > 1 else { return count == 1 ? place(demand).map { [$0] } : [] }
        guard hasRoom(for: demand, count: count) else { return nil }
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

    /// Whether that many fit now. What was asked before is answered without a look at the nodes as long as nothing came free.
    public mutating func hasRoom(for demand: Demand, count: Int = 1) -> Bool {
        let position = shape(of: demand)
        if let tooMany = shapes[position].tooMany, tooMany.count <= count, tooMany.asOf >= lastRelease { return false }
        if capacity(for: shapes[position], room, atMost: count) >= count { return true }
        shapes[position].tooMany = (count, changes)
        return false
    }

    /// Holds what was given out before, by this run of Weir or an earlier one.
    public mutating func hold(_ demand: Demand, at placement: Placement) {
        change(demand, at: placement, by: -1)
        guard case .pooling(nil) = policy else { return }
        mix.saw(demand)
        // At 1, 2, 4 … and then with each halving of the mix: what it costs to judge anew is spread over as many placements.
        if mix.total >= 2 * learned || mix.total < learned { learn() }
    }

    private mutating func learn() {
        judge(by: mix)
        judged = mix
        learned = mix.total
    }

    public mutating func release(_ demand: Demand, at placement: Placement) {
        change(demand, at: placement, by: 1)
        lastRelease = changes
    }

    private mutating func change(_ demand: Demand, at placement: Placement, by sign: Int) {
        room.change(demand, at: placement, by: sign, fleet)
        changes += 1
        changed[placement.node] = changes
        if let fragmentation { base[placement.node] = useless(placement.node, fragmentation) }
    }

    // MARK: Choosing

    private var scorer: Scorer {
        Scorer(policy: policy, fleet: fleet, room: room, fragmentation: fragmentation, base: base)
    }

    private func useless(_ node: Int, _ fragmentation: Fragmentation) -> Double {
        let useless = scorer.useless(node, fragmentation)
        if case .pooling = policy { return useless.fragment + useless.stranded }
        return useless.fragment
    }

    private mutating func judge(by mix: WorkloadMix) {
        let fragmentation = Fragmentation(mix: mix, fleet: fleet)
        self.fragmentation = fragmentation
        for node in base.indices { base[node] = useless(node, fragmentation) }
        shapes = []
        positions = [:]
    }

    private mutating func choose(_ demand: Demand) -> Placement? {
        let position = shape(of: demand)
        if let tooMany = shapes[position].tooMany, tooMany.count <= 1, tooMany.asOf >= lastRelease { return nil }
        if case .random = policy { return chooseAny(shapes[position]) }
        refresh(position)
        let shape = shapes[position]
        guard let node = shape.best else { return nil }
        return Placement(node: node, devices: devices(Int(shape.devices[node]), shape, on: node))
    }

    private func devices(_ device: Int, _ shape: Shape, on node: Int) -> [Int] {
        guard let wanted = shape.demand.accelerator else { return [] }
        if wanted.count == 1 { return [device] }
        return scorer.devices(for: wanted, among: shape.eligible[fleet.kindOf[node]] ?? [], on: node)
    }

    private mutating func shape(of demand: Demand) -> Int {
        if let position = positions[demand] { return position }
        // So many that all of them together stay small; beyond that, all are worked out again.
        if shapes.count >= min(4096, max(64, 2_000_000 / max(1, fleet.nodes.count))) {
            shapes = []
            positions = [:]
        }
        positions[demand] = shapes.count
        shapes.append(Shape(demand, fleet))
        return shapes.count - 1
    }

    /// Brings what is known about a shape up to date: only nodes that changed since are looked at.
    private mutating func refresh(_ position: Int) {
        let seen = shapes[position].seen
        guard seen < changes else { return }
        let isFull = seen >= 0 && seen >= lastRelease && shapes[position].best == nil
        if !isFull { Self.refresh(&shapes[position], changed, scorer) }
        shapes[position].seen = changes
    }

    private static func refresh(_ shape: inout Shape, _ changed: [Int], _ scorer: Scorer) {
        let (seen, demand, eligible) = (shape.seen, shape.demand, shape.eligible)
        var (best, highest): (Int?, Int32) = (nil, Shape.noRoom)
        for node in changed.indices {
            if changed[node] > seen {
                let kind = scorer.fleet.kindOf[node]
                let isUntouched = scorer.room.isUntouched(node, scorer.fleet)
                let known = isUntouched ? shape.untouched[kind] : nil
                let choice = known ?? scorer.choose(demand, eligible, on: node)
                if isUntouched && known == nil { shape.untouched[kind] = choice }
                shape.scores[node] = choice.score
                shape.devices[node] = Int16(truncatingIfNeeded: choice.device)
            }
            if shape.scores[node] > highest { (best, highest) = (node, shape.scores[node]) }
        }
        shape.best = best
    }

    private mutating func chooseAny(_ shape: Shape) -> Placement? {
        var (node, seen): (Int?, Int) = (nil, 0)
        for candidate in fleet.nodes.indices where room.instances(of: shape, on: candidate, atMost: 1, fleet) > 0 {
            seen += 1
            if Int.random(in: 0..<seen, using: &random) == 0 { node = candidate }
        }
        guard let node else { return nil }
        guard let wanted = shape.demand.accelerator, wanted.count == 1 else {
            return Placement(node: node, devices: devices(-1, shape, on: node))
        }
        let first = fleet.firstDevice[node]
        let fitting = (shape.eligible[fleet.kindOf[node]] ?? []).filter {
            room.compute[first + $0] >= wanted.compute && room.deviceMemory[first + $0] >= wanted.memory.count
        }
        return fitting.randomElement(using: &random).map { Placement(node: node, devices: [$0]) }
    }
}

// MARK: What is kept, and what is learned

extension Cluster {
    /// Keeps from being given out what nobody has asked for yet: a reservation. `release` ends it.
    public mutating func keep(_ demand: Demand, at placement: Placement) { change(demand, at: placement, by: -1) }

    /// What the pooling policy has learned, so that another cluster can go on with it.
    public struct Experience: Hashable, Sendable, Codable {
        var seen: [WorkloadMix.Entry]
        var judged: [WorkloadMix.Entry]
        var learned: Int
    }

    public var experience: Experience {
        get { Experience(seen: mix.entries, judged: judged.entries, learned: learned) }
        set {
            guard case .pooling(nil) = policy else { return }
            mix = WorkloadMix(entries: newValue.seen)
            judged = WorkloadMix(entries: newValue.judged)
            learned = newValue.learned
            if learned > 0 { judge(by: judged) }
        }
    }
}
