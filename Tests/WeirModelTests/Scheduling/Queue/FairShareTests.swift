import TestSupport
import Testing
import WeirModel

/// Weighted fair share over time (QUO-07).
@Suite struct FairShareTests {
    @Test("workspaces that always want more are served by their weights, to within one largest job each", arguments: Property.seeds(2))
    func workspacesByWeight(seed: UInt64) throws { try check(seed, slots: 1, people: [0, 2, 4], areWorkspaces: true) }

    @Test("people of one workspace are served by their weights, to within one largest job each", arguments: Property.seeds(2))
    func peopleByWeight(seed: UInt64) throws { try check(seed, slots: 1, people: [0, 1], areWorkspaces: false) }

    @Test("the same with many jobs at once: what is held now counts", arguments: Property.seeds(2))
    func manyAtOnce(seed: UInt64) throws { try check(seed, slots: 12, people: [0, 2, 4], areWorkspaces: true) }

    private func check(_ seed: UInt64, slots: Int, people: [Int], areWorkspaces: Bool) throws {
        var random = SeededRandom(seed: seed)
        let longest = 120
        let nodes = [QueueWorld.node("a", cpu: slots * 1000)]
        // Nothing is forgotten while it is measured.
        let settings = SchedulingSettings(
            halfLife: SchedulingSettings.longestHalfLife, patience: 365 * 86_400, overhead: 0, horizon: longest)
        var world = QueueWorld(nodes: nodes, settings: settings)
        let weights = people.map { _ in Int.random(in: 50...300, using: &random) }
        for (person, weight) in zip(people, weights) {
            let workspace = world.workspaces[person / 2]
            let event: SchedulingEvent =
                areWorkspaces ? .weight(workspace, weight) : .personWeight(workspace, world.accounts[person], weight)
            world.scheduler.apply(event, at: world.moment)
        }
        var ends: [Identifier<Workload>: Int64] = [:]
        var served = people.map { _ in 0.0 }
        for second in 0..<1500 {
            world.now += 1000
            for id in world.running.keys.sorted() where ends[id] ?? 0 <= world.now { world.end(id) }
            for run in world.running.values { served[people.firstIndex { world.accounts[$0] == run.entry.account } ?? 0] += 1 }
            // So much that one alone could fill the zone: who wants less than could be had is not served by weight.
            for person in people {
                let account = world.accounts[person]
                while world.waiting.values.count(where: { $0.account == account }) < max(3, slots) {
                    world.arrive(world.entry(person: person, QueueWorld.cpu(1000)))
                }
            }
            guard world.running.count < slots else { continue }
            try world.decide()
            for id in world.running.keys.sorted() where ends[id] == nil {
                ends[id] = world.now + Int64(Int.random(in: 10...longest, using: &random)) * 1000
            }
            for a in people.indices {
                for b in people.indices where a != b {
                    let (mine, theirs) = (served[a] / Double(weights[a]), served[b] / Double(weights[b]))
                    let bound = Double(longest) / Double(weights[a]) + Double(longest) / Double(weights[b])
                    guard mine - theirs <= bound else {
                        Issue.record("seed \(seed), second \(second): \(served) by weights \(weights)")
                        return
                    }
                }
            }
        }
    }

    @Test("a use counts half after the half-life, and it makes no difference in how many steps it is counted")
    func decay() throws {
        var world = QueueWorld(nodes: [QueueWorld.node("a", cpu: 1000)], settings: SchedulingSettings(halfLife: 3600))
        // The first has used the zone for an hour, long ago; the second for half an hour, just now.
        let first = world.entry(person: 0, QueueWorld.cpu(1000))
        world.arrive(first)
        try world.decide()
        world.now += 3_600_000
        world.end(first.id)
        world.now += 5 * 3_600_000
        let second = world.entry(person: 2, QueueWorld.cpu(1000))
        world.arrive(second)
        try world.decide()
        world.now += 1_800_000
        let (mine, theirs) = (world.entry(person: 0, QueueWorld.cpu(1000)), world.entry(person: 2, QueueWorld.cpu(1000)))
        for entry in [theirs, mine] { world.arrive(entry) }
        world.end(second.id)
        try world.decide()
        #expect(world.running[mine.id] != nil)
    }
}
