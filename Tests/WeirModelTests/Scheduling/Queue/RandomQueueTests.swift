import Foundation
import TestSupport
import Testing
import WeirModel

/// Random nodes, quotas and events.
@Suite struct RandomQueueTests {
    struct Step: Sendable, CustomStringConvertible {
        var kind: Int
        var seed: UInt64
        var description: String { "\(kind):\(seed)" }
    }

    private static let nodes = [
        QueueWorld.node("a", gpus: 4), QueueWorld.node("b", gpus: 2, model: "S1"), QueueWorld.node("c"),
        QueueWorld.node("d", gpus: 1, group: "other"),
    ]

    @Test(
        "no quota, node or device is ever given out beyond what it has, gangs start as a whole, and only what may be stopped is (QUO-03, QUO-08)",
        arguments: Property.seeds(4))
    func limitsHold(seed: UInt64) async {
        let failure = await Property.failure(seed: seed, steps: 20...150, step: Self.step) { steps in
            var world = QueueWorld(nodes: Self.nodes)
            for step in steps { try Self.take(step, &world) }
        }
        #expect(failure == nil)
    }

    @Test("the same events make the same decisions, also from a state that was written down and read back", arguments: Property.seeds(3))
    func decisionsCanBeMadeAgain(seed: UInt64) async {
        let failure = await Property.failure(seed: seed, steps: 20...120, step: Self.step) { steps in
            var world = QueueWorld(nodes: Self.nodes, settings: SchedulingSettings(patience: 3600))
            var twin = world
            for (index, step) in steps.enumerated() {
                try Self.take(step, &world)
                try Self.take(step, &twin)
                guard world.scheduler.digest == twin.scheduler.digest else { throw QueueWorld.Broken("other state after step \(index)") }
                if index % 7 == 3 {
                    let written = try JSONEncoder().encode(world.scheduler.snapshot)
                    twin.scheduler = Scheduler(try JSONDecoder().decode(SchedulerSnapshot.self, from: written))
                    guard world.scheduler.digest == twin.scheduler.digest else {
                        throw QueueWorld.Broken("the state was not read back as it was")
                    }
                }
            }
        }
        #expect(failure == nil)
    }

    @Test(
        "a decision that looks only at what may start decides as one that looks at all that waits, with the same reasons and order (QUO-04, QUO-05)",
        arguments: Property.seeds(4))
    func narrowingChangesNothing(seed: UInt64) async {
        let failure = await Property.failure(seed: seed, steps: 50...500, step: Self.step) { steps in
            var world = QueueWorld(nodes: Self.nodes, settings: SchedulingSettings(patience: seed % 2 == 0 ? 1800 : 86_400))
            var twin = world
            world.scheduler.narrowing.fewAwaited = [0, 4, 32][steps.count % 3]
            world.scheduler.narrowing.manyCandidates = [0, 128][steps.count % 2]
            twin.scheduler.narrowing.isOn = false
            for (index, step) in steps.enumerated() {
                try Self.take(step, &world)
                try Self.take(step, &twin)
                let (narrow, wide) = (world.scheduler, twin.scheduler)
                guard narrow.digest == wide.digest else { throw QueueWorld.Broken("other state after step \(index)") }
                guard narrow.waitingEntries == wide.waitingEntries else { throw QueueWorld.Broken("another order after step \(index)") }
                for id in world.waiting.keys
                where narrow.reason(of: id) != wide.reason(of: id) || narrow.reservedStart(of: id) != wide.reservedStart(of: id) {
                    throw QueueWorld.Broken("another reason or reservation after step \(index)")
                }
            }
        }
        #expect(failure == nil)
    }

    private static func step(_ random: inout SeededRandom) -> Step {
        Step(kind: Int.random(in: 0..<20, using: &random), seed: random.next())
    }

    /// - Throws: when a decision breaks a rule.
    private static func take(_ step: Step, _ world: inout QueueWorld) throws {
        var random = SeededRandom(seed: step.seed)
        world.now += Int64.random(in: 0...120_000, using: &random)
        switch step.kind {
        case 0..<10:
            let entry = world.entry(
                person: Int.random(in: 0..<6, using: &random), QueueWorld.randomDemand(&random),
                instances: Int.random(in: 0..<6, using: &random) == 0 ? Int.random(in: 2...4, using: &random) : 1,
                priority: PriorityClass.allCases.randomElement(using: &random) ?? .normal,
                limit: Bool.random(using: &random) ? Int.random(in: 60...7200, using: &random) : nil,
                isPreemptible: Int.random(in: 0..<3, using: &random) == 0)
            world.arrive(entry)
        case 10..<14:
            if let id = world.running.keys.sorted().randomElement(using: &random) { world.end(id) }
        case 14:
            // What gives way is gone soon, and waits again.
            if let run = world.running.values.filter({ $0.givesWay }).min(by: { $0.entry.id < $1.entry.id }) {
                var entry = run.entry
                (entry.run, entry.queuedAt) = (entry.run + 1, world.moment)
                world.end(entry.id)
                world.arrive(entry)
            }
        case 15:
            if let id = world.waiting.keys.sorted().randomElement(using: &random) { world.leave(id) }
        case 16:
            let quota = Quota(cpu: Int.random(in: 4000...40_000, using: &random), gpu: Int.random(in: 500...6000, using: &random))
            world.set(Bool.random(using: &random) ? quota : nil, ofWorkspace: Int.random(in: 0..<3, using: &random))
        case 17:
            let quota = Quota(gpuMemory: .gib(Int64.random(in: 4...60, using: &random)), instances: Int.random(in: 1...5, using: &random))
            world.set(Bool.random(using: &random) ? quota : nil, ofPerson: Int.random(in: 0..<6, using: &random))
        case 18:
            world.scheduler.apply(
                .weight(world.workspaces[Int.random(in: 0..<3, using: &random)], Int.random(in: 10...500, using: &random)), at: world.moment
            )
        default:
            if let id = world.running.keys.sorted().randomElement(using: &random) {
                world.scheduler.apply(.running(id, at: world.moment), at: world.moment)
            }
        }
        try world.decide()
    }
}
