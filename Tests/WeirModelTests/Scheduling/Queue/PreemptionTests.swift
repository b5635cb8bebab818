import TestSupport
import Testing
import WeirModel

/// Cheaper work gives way (QUO-07).
@Suite struct PreemptionTests {
    @Test("as few runs as possible are stopped, and none without which there would be room as well", arguments: Property.seeds(8))
    func fewest(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var world = QueueWorld(nodes: [QueueWorld.node("a", gpus: 2), QueueWorld.node("b", gpus: 2)])
        for _ in 0..<9 {
            world.now += 1000
            let demand = QueueWorld.gpu(
                compute: 100 * Int.random(in: 2...7, using: &random), memory: .gib(Int64.random(in: 1...12, using: &random)))
            world.arrive(
                world.entry(person: Int.random(in: 0..<6, using: &random), demand, isPreemptible: Int.random(in: 0..<4, using: &random) > 0)
            )
            try world.decide()
        }
        for id in world.waiting.keys.sorted() { world.leave(id) }
        for id in world.running.filter({ $0.value.givesWay }).keys.sorted() { world.end(id) }
        try world.decide()
        let cluster = world.scheduler.cluster
        let runs = world.running.values.filter(\.entry.isPreemptible).sorted { $0.entry.id < $1.entry.id }
        let wanted = world.entry(person: 0, QueueWorld.gpu(count: Int.random(in: 1...2, using: &random)))
        func fits(_ set: Int) -> Bool {
            let released = runs.indices.filter { set >> $0 & 1 == 1 }.flatMap { index in
                runs[index].placements.map { (demand: runs[index].entry.demand, placement: $0) }
            }
            return cluster.wouldFit(wanted.demand, releasing: released)
        }
        let fewest = (0..<1 << runs.count).filter(fits).map(\.nonzeroBitCount).min()
        world.arrive(wanted)
        let decisions = try world.decide()
        let stopped = decisions.count { if case .preempt = $0 { true } else { false } }
        #expect(stopped == fewest ?? 0, "seed \(seed)")
        // Nobody takes the place, and nobody else is stopped, until it starts.
        world.now += 1000
        world.arrive(world.entry(person: 2, QueueWorld.gpu(compute: 100), priority: .high, isPreemptible: true))
        #expect(try world.decide().allSatisfy { if case .preempt = $0 { false } else { true } })
        guard fewest != nil else { return }
        for id in world.running.filter({ $0.value.givesWay }).keys.sorted() {
            world.end(id)
            try world.decide()
        }
        #expect(world.running[wanted.id] != nil, "seed \(seed)")
    }

    @Test("what waits for its quota, or may be stopped itself, stops nobody")
    func noClaim() throws {
        var world = QueueWorld(nodes: [QueueWorld.node("a", gpus: 1)])
        world.arrive(world.entry(person: 2, QueueWorld.gpu(), isPreemptible: true))
        try world.decide()
        world.set(Quota(gpu: 500), ofWorkspace: 0)
        world.arrive(world.entry(person: 0, QueueWorld.gpu()))
        world.arrive(world.entry(person: 4, QueueWorld.gpu(), isPreemptible: true))
        #expect(try world.decide().isEmpty)
    }
}
