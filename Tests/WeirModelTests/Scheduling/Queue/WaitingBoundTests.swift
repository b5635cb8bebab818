import TestSupport
import Testing
import WeirModel

/// No start is put off without end (QUO-07).
@Suite struct WaitingBoundTests {
    private static let longest = 600
    private static let patience = 1800

    /// Plays a zone in virtual time where every run lasts as long as it says, or less.
    private struct Zone {
        var world: QueueWorld
        var random: SeededRandom
        /// What is not of the test's own.
        var small: Set<Identifier<Workload>> = []

        /// Goes on by a second: ends what is over, lets something small arrive, and decides.
        mutating func tick(priority: PriorityClass, isFull: Bool) throws {
            world.now += 1000
            for (id, run) in world.running.sorted(by: { $0.key < $1.key }) {
                let lasted = Int(world.now - run.startedAt) / 1000
                if lasted >= run.entry.limit ?? .max || (!isFull && Int.random(in: 0..<200, using: &random) == 0) { world.end(id) }
            }
            // There is always more of it than there is room for.
            if world.waiting.count < 12 {
                let entry = world.entry(
                    person: Int.random(in: 0..<6, using: &random),
                    QueueWorld.gpu(
                        compute: 100 * Int.random(in: 1...6, using: &random), memory: .gib(Int64.random(in: 1...6, using: &random))),
                    priority: priority, limit: Int.random(in: 60...WaitingBoundTests.longest, using: &random))
                world.arrive(entry)
            }
            try world.decide()
        }
    }

    private static func zone(_ seed: UInt64, patience: Int) -> Zone {
        let nodes = [QueueWorld.node("a", gpus: 2), QueueWorld.node("b", gpus: 2)]
        return Zone(
            world: QueueWorld(nodes: nodes, settings: SchedulingSettings(patience: patience, overhead: 0)),
            random: SeededRandom(seed: seed))
    }

    @Test(
        "a large job of low priority starts within patience + (older + 1) × the longest run, whatever small work of high priority keeps coming",
        arguments: Property.seeds(2))
    func largeIsNotStarved(seed: UInt64) throws {
        var zone = Self.zone(seed, patience: Self.patience)
        for _ in 0..<20 { try zone.tick(priority: .high, isFull: true) }
        for id in zone.world.waiting.keys.sorted() { zone.world.leave(id) }
        let older = Int.random(in: 0...2, using: &zone.random)
        var large = zone.world.entry(person: 0, QueueWorld.gpu(count: 2), instances: 2, priority: .low, limit: Self.longest)
        zone.world.arrive(large)
        for _ in 0..<older {
            large = zone.world.entry(person: 0, QueueWorld.gpu(count: 2), instances: 2, priority: .low, limit: Self.longest)
            zone.world.arrive(large)
        }
        let bound = zone.world.now + Int64(Self.patience + (older + 1) * Self.longest) * 1000
        while zone.world.running[large.id] == nil {
            try zone.tick(priority: .high, isFull: true)
            guard zone.world.now <= bound else {
                Issue.record("seed \(seed): it waits for \((zone.world.now - large.queuedAt.milliseconds) / 1000) s behind \(older)")
                return
            }
        }
    }

    @Test("what passes never delays the head beyond the start that is reserved for it", arguments: Property.seeds(2))
    func headKeepsItsStart(seed: UInt64) throws {
        var zone = Self.zone(seed, patience: 0)
        var promised: [Identifier<Workload>: Timestamp] = [:]
        for second in 0..<800 {
            if second % 40 == 0 {
                let count = Int.random(in: 1...2, using: &zone.random)
                zone.world.arrive(zone.world.entry(person: 0, QueueWorld.gpu(count: 2), instances: count, limit: 100))
            }
            try zone.tick(priority: .normal, isFull: false)
            for (id, start) in promised where zone.world.waiting[id] != nil && zone.world.now > start.milliseconds {
                Issue.record("seed \(seed): \(id) was to start by \(start) and waits at \(zone.world.moment)")
                return
            }
            let first = zone.world.waiting.values.min { ($0.queuedAt, $0.id) < ($1.queuedAt, $1.id) }
            if let first, let start = zone.world.scheduler.reservedStart(of: first.id) {
                promised[first.id] = min(start, promised[first.id] ?? start)
            }
        }
        #expect(!promised.isEmpty)
    }

    @Test("what holds a place without a known end is not waited for by others than the head: it keeps the place that lacks least")
    func openEnds() throws {
        var world = QueueWorld(nodes: [QueueWorld.node("a", gpus: 2), QueueWorld.node("b", gpus: 2)])
        let endless = world.entry(person: 0, QueueWorld.gpu())
        world.arrive(endless)
        try world.decide()
        let other = world.entry(person: 1, QueueWorld.gpu(count: 2))
        world.arrive(other)
        try world.decide()
        #expect(world.running.count == 2)
        let head = world.entry(person: 2, QueueWorld.gpu(count: 2))
        world.arrive(head)
        try world.decide()
        world.now += 1000
        let small = world.entry(person: 4, QueueWorld.gpu(compute: 100), limit: 60)
        world.arrive(small)
        try world.decide()
        #expect(world.running[small.id] == nil, "the free device of the first node is kept for the head")
        world.end(endless.id)
        try world.decide()
        #expect(world.running[head.id] != nil)
        #expect(world.scheduler.reason(of: small.id) == .resources)
    }

    @Test("what can never fit holds nothing back")
    func neverFits() throws {
        var world = QueueWorld(nodes: [QueueWorld.node("a", gpus: 2)])
        world.arrive(world.entry(person: 0, QueueWorld.gpu(count: 8), priority: .high))
        let small = world.entry(person: 1, QueueWorld.gpu(count: 2))
        world.arrive(small)
        try world.decide()
        #expect(world.running[small.id] != nil)
    }

    @Test("what waits for its own quota stands in nobody's way (QUO-04)")
    func quotaHoldsNobody() throws {
        var world = QueueWorld(nodes: [QueueWorld.node("a", gpus: 2)])
        world.set(Quota(gpu: 1000), ofWorkspace: 0)
        let large = world.entry(person: 0, QueueWorld.gpu(count: 2), priority: .high)
        let mine = world.entry(person: 1, QueueWorld.gpu())
        let theirs = world.entry(person: 2, QueueWorld.gpu(), priority: .low)
        for entry in [large, mine, theirs] { world.arrive(entry) }
        try world.decide()
        #expect(world.scheduler.reason(of: large.id) == .quota)
        #expect(world.running[mine.id] != nil && world.running[theirs.id] != nil)
    }
}
