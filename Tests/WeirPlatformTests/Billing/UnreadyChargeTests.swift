import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Nothing is charged before a program runs, and no program runs for nothing for long (BIL-26)")
struct UnreadyChargeTests: MoneyScene {
    private let grace = StartGrace.standard

    /// Let in and launched by hand, so that a test says when Weir looks.
    private func launch(_ workload: WorkloadRecord, _ platform: Platform) async throws {
        try await platform.reconciler.tellQueue(workload)
        await platform.reconciler.admit()
        _ = try await platform.reconciler.reconcile(workload.id)
    }

    private func service(_ tenant: TestPlatform.Tenant, replicas: Int = 1, _ platform: Platform) async throws -> WorkloadRecord {
        _ = try await platform.commitment.sign(version: PortCommitment.version, in: tenant.workspace, by: tenant.caller)
        return try await platform.services.create(
            tenant.submission("serve", flavor: "tiny"),
            Services.Program(command: "train", port: 9, startLimit: 3600, replicas: replicas), in: tenant.project, by: tenant.caller)
    }

    private func run(of workload: WorkloadRecord, _ test: TestPlatform) async throws -> RunRecord {
        try #require(try await test.store.read { try $0.runs(of: workload.id) }.first)
    }

    @Test("a service that never answers is charged from the end of its grace on, for each replica (F1)", arguments: TestDay.all)
    func neverAnswers(day: TestDay) async throws {
        let clock = day.clock(after: .seconds(300))
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        test.health.set(false)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let service = try await service(tenant, replicas: 2, platform)
        try await launch(service, platform)
        let start = clock.now()
        clock.advance(by: grace)
        _ = try await platform.reconciler.reconcile(service.id)
        #expect(try await run(of: service, test).runningAt == nil)
        clock.advance(by: .seconds(1))
        _ = try await platform.reconciler.reconcile(service.id)
        #expect(try await run(of: service, test).runningAt == start + grace)
        #expect(try await causes(of: service, test).last == "charged_unready")
        #expect(try await state(of: service, test) == .deploying)

        clock.advance(by: .seconds(3300))
        try await platform.settlement.settleHour()
        #expect(try await test.charged(service.id) > 0)
        clock.advance(by: .seconds(300))
        _ = try await platform.reconciler.reconcile(service.id)
        #expect(try await state(of: service, test) == .failed)
        try await platform.settlement.settleEnds()
        // 3601 s from the end of the grace are 61 minutes, of two replicas at a point an hour.
        #expect(try await test.charged(service.id) == Points(micro: 2_000_000 * 61 / 60))
        #expect(try await platform.moneyViolations(of: [service.id]) == [])
    }

    @Test("what ends or answers within its grace pays nothing for it", arguments: [60, 119])
    func withinGrace(seconds: Int) async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        test.health.set(false)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let broken = try await service(tenant, platform)
        let lab = try await platform.environments.create(
            tenant.submission("lab", flavor: "tiny"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
        try await launch(broken, platform)
        try await launch(lab, platform)
        clock.advance(by: .seconds(seconds))
        test.engine.endInstances(of: broken.id, .failed(.exit(code: 1)))
        _ = try await platform.reconciler.reconcile(broken.id)
        test.health.set(true)
        _ = try await platform.reconciler.reconcile(lab.id)
        #expect(try await state(of: broken, test) == .failed)
        #expect(try await run(of: broken, test).runningAt == nil)
        #expect(try await run(of: lab, test).runningAt == clock.now())
        try await platform.settlement.settleEnds()
        #expect(try await test.charged(broken.id) == 0)
    }

    @Test("a program that ended unready after its grace is charged, also when Weir was down meanwhile")
    func endedWhileDown() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        test.health.set(false)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let service = try await service(tenant, platform)
        try await launch(service, platform)
        clock.advance(by: .seconds(1800))
        test.engine.endInstances(of: service.id, .failed(.exit(code: 1)))
        clock.advance(by: .seconds(7200))
        _ = try await platform.reconciler.reconcile(service.id)
        try await platform.settlement.settleEnds()
        #expect(try await test.charged(service.id) == Points(micro: 1_000_000 * 28 / 60))
    }

    @Test("the flavor's longest run counts from where it is charged: never to answer is no way round it (QUO-15)")
    func longestRun() async throws {
        let clock = ManualClock()
        let short = Flavor(name: "tiny", cpu: 1000, memory: .gib(2), scratch: .gib(1), longestRun: 600, pricePerHour: 1)
        let test = try TestPlatform(clock: clock, flavors: [short])
        test.health.set(false)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let service = try await service(tenant, platform)
        try await launch(service, platform)
        for _ in 0..<2 {
            clock.advance(by: .seconds(365))
            _ = try await platform.reconciler.reconcile(service.id)
        }
        #expect(try await state(of: service, test) == .stopping)
    }

    @Test("a timer that is changed while a program is charged and does not answer yet holds from then on (DEV-24, review 3)")
    func changedTimer() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        test.health.set(false)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let lab = try await platform.environments.create(
            tenant.submission("lab", flavor: "tiny"), tool: nil, autoStop: 3600, in: tenant.project, by: tenant.caller)
        try await launch(lab, platform)
        clock.advance(by: grace + .seconds(1))
        _ = try await platform.reconciler.reconcile(lab.id)
        let charged = try #require(try await records(of: [lab], test).first)
        let since = try #require(charged.runningSince)
        #expect(charged.state == .deploying && charged.stopAt == since + .seconds(3600))
        #expect(try await platform.workloads.edit(lab.id, autoStop: 0, by: tenant.caller).stopAt == nil)
        let changed = try await platform.workloads.edit(lab.id, autoStop: 60, by: tenant.caller)
        #expect(changed.stopAt == clock.now() + .seconds(60))
        test.health.set(true)
        _ = try await platform.reconciler.reconcile(lab.id)
        let running = try #require(try await records(of: [lab], test).first)
        #expect(running.state == .running && running.stopAt == changed.stopAt)
        clock.advance(by: .seconds(60))
        _ = try await platform.reconciler.reconcile(lab.id)
        #expect(try await state(of: lab, test) == .stopping)
    }

    @Test("what was stopped before its container started is not charged, however late the container comes (bugs F9)")
    func cancelledWhileDeploying() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let job = try await tenant.job("train", on: platform)
        let (instance, stale) = try await letIn(job, platform, test)
        _ = try await platform.workloads.stop(job.id, by: tenant.caller)

        // A pass that began before the stop begins nothing after it.
        await #expect(throws: NoLongerWanted.self) { try await platform.reconciler.standing(of: instance, stale) }
        #expect(test.engine.launches.isEmpty)

        // One that was told to the engine just before comes up a second later.
        clock.advance(by: .seconds(1))
        _ = try await test.engine.launch(try await platform.reconciler.plan(instance, stale))
        clock.advance(by: .seconds(4))
        _ = try await platform.reconciler.reconcile(job.id)
        #expect(try await state(of: job, test) == .stopped)
        #expect(try await run(of: job, test).runningAt == nil)
        try await platform.settlement.settleEnds()
        #expect(try await test.charged(job.id) == 0)
        #expect(try await platform.moneyViolations(of: [job.id]) == [])
    }

    @Test("what ran before it was told to stop is charged up to its end, though nobody saw it run")
    func stoppedAfterStart() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let job = try await tenant.job("train", on: platform)
        try await launchUnseen(job, platform, test)
        clock.advance(by: .seconds(90))
        _ = try await platform.workloads.stop(job.id, by: tenant.caller)
        _ = try await platform.reconciler.reconcile(job.id)
        try await platform.settlement.settleEnds()
        #expect(try await test.charged(job.id) == Points(micro: 1_000_000 * 2 / 60))
    }

    @Test("short starts are free up to five graces in an hour, charged after that, and why is said (faults G2)")
    func shortStarts() async throws {
        let clock = ManualClock("2026-03-01T09:00:00Z")
        let test = try TestPlatform(clock: clock)
        test.health.set(false)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let service = try await service(tenant, platform)
        func attempt() async throws -> RunRecord {
            try await launch(try #require(try await records(of: [service], test).first), platform)
            clock.advance(by: .seconds(119))
            _ = try await platform.workloads.stop(service.id, by: tenant.caller)
            for _ in 0..<2 { _ = try await platform.reconciler.reconcile(service.id) }
            try await platform.settlement.settleEnds()
            return try #require(try await test.store.read { try $0.runs(of: service.id) }.max { $0.number < $1.number })
        }
        var runs = [try await attempt()]
        for _ in 0..<6 {
            _ = try await platform.workloads.start(service.id, by: tenant.caller)
            runs.append(try await attempt())
        }
        #expect(runs.map(\.number) == Array(1...7))
        #expect(runs.prefix(5).allSatisfy { $0.runningAt == nil })
        // Of the ten minutes five seconds are left, which a run that is charged takes from nobody.
        let sixth = runs[5]
        let end = try #require(sixth.endedAt)
        #expect(sixth.runningAt == end - .seconds(114))
        #expect(try await test.charged(service.id, run: 6) == Points(micro: 1_000_000 * 2 / 60))
        #expect(try await test.charged(service.id, run: 7) == Points(micro: 1_000_000 * 2 / 60))
        let facts = try await test.store.read { db in
            try (5...7).map { try db.facts(of: RunIdentity(workload: service.id, number: $0))?.hadNoGrace }
        }
        #expect(facts == [false, true, true])
        #expect(try await platform.moneyViolations(of: [service.id]) == [])
        // An hour later they have five again.
        clock.advance(by: .seconds(3600))
        _ = try await platform.workloads.start(service.id, by: tenant.caller)
        #expect(try await attempt().runningAt == nil)
    }

    @Test("what a person has left of their graces is shared by the instances of a run, and never less than nothing (faults G2)")
    func sharedGrace() {
        #expect(StartGrace.left(of: grace, used: .zero, replicas: 1) == grace)
        #expect(StartGrace.left(of: grace, used: .zero, replicas: 5) == grace)
        #expect(StartGrace.left(of: grace, used: .zero, replicas: 10) == .seconds(60))
        #expect(StartGrace.left(of: grace, used: .seconds(595), replicas: 1) == .seconds(5))
        #expect(StartGrace.left(of: grace, used: .seconds(700), replicas: 2) == .zero)
    }
}
