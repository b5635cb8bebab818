import TestSupport
import Testing
import WeirModel

/// Why not yet, in one sentence each (DEV-26, TRN-13).
@Suite struct WaitExplanationTests {
    @Test("a full quota is named with its numbers, who holds it, and what would help")
    func fullQuota() throws {
        var world = QueueWorld(nodes: [QueueWorld.node("a", gpus: 4)])
        world.set(Quota(gpu: 2000), ofWorkspace: 0)
        world.arrive(world.entry(person: 0, QueueWorld.gpu(), name: "mine"))
        world.arrive(world.entry(person: 1, QueueWorld.gpu(), name: "colleague"))
        try world.decide()
        let waiting = world.entry(person: 0, QueueWorld.gpu())
        world.arrive(waiting)
        try world.decide()
        let half = WaitExplanation.Alternative(flavor: "half", demand: QueueWorld.gpu(compute: 500))
        let explanation = try #require(
            world.scheduler.explanation(of: waiting.id, at: world.moment, lengths: .none, alternatives: [half]))
        #expect(explanation.reason == .quota)
        #expect(explanation.shortages == [.workspaceQuota(.gpu, need: 1000, held: 2000, limit: 2000)])
        #expect(explanation.holders.map(\.name) == ["mine", "colleague"])
        #expect(explanation.otherHolders == 0)
        #expect(explanation.advice.contains(.raiseWorkspaceQuota(.gpu, to: 3000)))
        #expect(explanation.advice.contains { if case .stop(_, let name) = $0 { name == "mine" } else { false } })
        #expect(!explanation.advice.contains(.flavor("half")), "half a GPU is above the quota as well")
        #expect(explanation.forecast == nil)
        #expect(explanation.sentences[0].en == "The workspace's quota of GPU compute is full: it needs 1, 2 of 2 is held.")
        #expect(explanation.sentences.allSatisfy { !$0.zh.isEmpty })
    }

    @Test("short resources are named; others' workloads are only counted, and a smaller flavor that fits is offered")
    func shortResources() throws {
        var world = QueueWorld(nodes: [QueueWorld.node("a", gpus: 2)])
        let theirs = world.entry(person: 2, QueueWorld.gpu(), limit: 7200, name: "secret")
        world.arrive(theirs)
        world.arrive(world.entry(person: 2, QueueWorld.gpu(compute: 400), name: "secret too"))
        try world.decide()
        let waiting = world.entry(person: 0, QueueWorld.gpu(count: 2))
        world.arrive(waiting)
        try world.decide()
        let part = WaitExplanation.Alternative(flavor: "part", demand: QueueWorld.gpu(compute: 500))
        let explanation = try #require(
            world.scheduler.explanation(of: waiting.id, at: world.moment, lengths: .none, alternatives: [part]))
        #expect(explanation.shortages == [.resource(.gpu, need: 2000, free: 600)])
        #expect(explanation.holders.isEmpty)
        #expect(explanation.otherHolders == 2)
        #expect(explanation.advice == [.flavor("part")])
        #expect(!explanation.sentences.contains { $0.en.contains("secret") })
        #expect(explanation.place == 1)
        #expect(explanation.forecast == nil, "the second has no known end")
    }

    @Test("a shorter run that fits before what is reserved is offered")
    func shorterRun() throws {
        var world = QueueWorld(nodes: [QueueWorld.node("a", gpus: 2)], settings: SchedulingSettings(overhead: 60))
        world.arrive(world.entry(person: 2, QueueWorld.gpu(), limit: 7200))
        try world.decide()
        world.now += 1000
        world.arrive(world.entry(person: 4, QueueWorld.gpu(count: 2), limit: 600))
        try world.decide()
        world.now += 1000
        let waiting = world.entry(person: 0, QueueWorld.gpu(compute: 500), limit: 86_400)
        world.arrive(waiting)
        try world.decide()
        let explanation = try #require(world.scheduler.explanation(of: waiting.id, at: world.moment, lengths: .none))
        #expect(explanation.shortages == [.kept(aheadOwn: nil)])
        #expect(explanation.advice == [.shorterRun(7198)])
    }

    @Test("the forecast goes by how long such runs lasted, within their limits")
    func forecast() throws {
        var world = QueueWorld(nodes: [QueueWorld.node("a", gpus: 1)])
        let first = world.entry(person: 0, QueueWorld.gpu(), limit: 36_000)
        world.arrive(first)
        try world.decide()
        let second = world.entry(person: 1, QueueWorld.gpu(), limit: 36_000)
        world.arrive(second)
        world.now += 600_000
        try world.decide()
        let history = (1...20).map { RunLengths.Run(kind: .job, flavor: "plain", account: first.account, seconds: Int64($0) * 300) }
        let known = try #require(
            world.scheduler.forecasts(at: world.moment, lengths: RunLengths(history), most: 10)[second.id])
        #expect(known.basis == .person)
        #expect(known.low.milliseconds - world.now < 1200_000)
        #expect((1800_000...3600_000).contains(known.median.milliseconds - world.now))
        let high = try #require(known.high)
        #expect(high.milliseconds - world.now <= 5_400_000)
        let plain = try #require(world.scheduler.forecasts(at: world.moment, lengths: .none, most: 10)[second.id])
        #expect(plain.basis == .limit)
    }

    @Test("forecasts are scored: how many starts were in range, how far off, and which way")
    func score() throws {
        func forecast(_ low: Int64, _ median: Int64, _ high: Int64?) -> StartForecast {
            func moment(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }
            return StartForecast(low: moment(low), median: moment(median), high: high.map(moment), basis: .flavor)
        }
        let score = try #require(
            ForecastScore([
                (forecast(0, 100, 200), Timestamp(milliseconds: 150_000)), (forecast(0, 100, 200), Timestamp(milliseconds: 400_000)),
                (forecast(50, 100, nil), Timestamp(milliseconds: 60_000)), (forecast(0, 100, 120), Timestamp(milliseconds: 100_000)),
            ]))
        #expect(score.within == 750)
        #expect(score.medianError == 50)
        #expect(score.bias == 77)
        #expect(ForecastScore([(forecast: StartForecast, start: Timestamp)]()) == nil)
    }
}
