import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("A run starts and ends when the engine says it did")
struct ObservedTimeTests: MoneyScene {
    private let clock = ManualClock("2026-03-01T09:00:00Z")

    private func at(_ time: String) -> Timestamp? { Timestamp("2026-03-01T\(time)Z") }

    /// A life of Weir in which a job of that name starts.
    private func startJob(
        _ test: TestPlatform, _ more: @Sendable (Platform, WorkloadRecord) async throws -> Void = { _, _ in }
    ) async throws -> WorkloadRecord {
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            try await more(platform, job)
            return job
        }
    }

    private func run(of id: Identifier<Workload>, _ test: TestPlatform) async throws -> RunRecord {
        try #require(try await test.store.read { try $0.runs(of: id) }.first)
    }

    @Test("a job that ended while Weir was down ended then, not when Weir came back (X03)")
    func endedWhileDown() async throws {
        let test = try TestPlatform(clock: clock)
        let job = try await startJob(test)
        clock.advance(by: .seconds(600))
        test.engine.endInstances(of: job.id, .succeeded)
        clock.advance(by: .seconds(7200))
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .completed)
            let run = try await run(of: job.id, test)
            #expect(run.runningAt == at("09:00:00"))
            #expect(run.endedAt == at("09:10:00"))
            let history = try await test.store.read { try $0.transitions(of: job.id) }
            #expect(history.last?.at == at("11:10:00"))
        }
    }

    @Test("a job that began before Weir was cut off has run from the engine's start on (X03)")
    func startedBeforeKill() async throws {
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let job = try await tenant.job("train", on: platform)
        try await launchUnseen(job, platform, test)
        clock.advance(by: .seconds(1800))
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .running)
            #expect(try await run(of: job.id, test).runningAt == at("09:00:00"))
        }
        // The same where a person stops it before Weir has looked at it again.
        clock.advance(by: .seconds(1800))
        try await test.running { platform in
            _ = try await platform.workloads.stop(job.id, by: tenant.caller)
            try await platform.wait(for: job, toBe: .stopped)
            let run = try await run(of: job.id, test)
            #expect(run.runningAt == at("09:00:00"))
            #expect(run.endedAt == at("10:00:00"))
        }
    }

    @Test("an environment runs from the first answer of its tool on; the wait before is free (BIL-26)")
    func environmentWaits() async throws {
        let test = try TestPlatform(clock: clock)
        test.health.set(false)
        let tenant = try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let lab = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: lab, toBe: .deploying)
            try await platform.wait(for: lab.id) { _ in !test.engine.present.isEmpty }
            return (tenant, lab)
        }
        clock.advance(by: .seconds(120))
        test.health.set(true)
        try await test.running { platform in
            try await platform.wait(for: tenant.1, toBe: .running)
            #expect(try await run(of: tenant.1.id, test).runningAt == at("09:02:00"))
        }
    }

    @Test("a container that vanished while Weir was down ended when it was last seen to run (X03)")
    func vanished() async throws {
        let test = try TestPlatform(clock: clock)
        let clock = clock
        let job = try await startJob(test) { (platform: Platform, _: WorkloadRecord) async throws -> Void in
            clock.advance(by: .seconds(600))
            let sight = try await platform.reconciler.look()
            #expect(sight.running.count == 1)
        }
        clock.advance(by: .seconds(20))
        test.engine.lose(job.id)
        clock.advance(by: .seconds(3 * 3600))
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .failed)
            let run = try await run(of: job.id, test)
            #expect(run.endedAt == at("09:10:00"))
        }
    }

    @Test("a look that misses a container dates its end by the look before, also when Weir is cut off right after (X03)")
    func missedByLook() async throws {
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let job = try await startJob(test) { [clock] (platform: Platform, _: WorkloadRecord) async throws -> Void in
            clock.advance(by: .seconds(600))
            _ = try await platform.reconciler.look()
        }
        test.engine.lose(job.id)
        clock.advance(by: .seconds(30))
        let sight = try await platform.reconciler.look()
        #expect(sight.running.isEmpty)
        clock.advance(by: .seconds(3600))
        let again = try await platform.reconciler.look()
        #expect(again.running.isEmpty)
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .failed)
            let run = try await run(of: job.id, test)
            #expect(run.endedAt == at("09:10:00"))
        }
    }

    @Test("a clock that is stepped back makes no run end before its start, nor start in the future (X03)")
    func steppedBack() async throws {
        let test = try TestPlatform(clock: clock)
        let job = try await startJob(test)
        clock.advance(by: .seconds(-3600))
        test.engine.endInstances(of: job.id, .succeeded)
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .completed)
            let run = try await run(of: job.id, test)
            #expect(run.runningAt == at("09:00:00"))
            #expect(run.endedAt == at("09:00:00"))
        }
        let now = Timestamp(milliseconds: 1000)
        #expect(ObservedTimes.start(of: .job, starts: [now + .seconds(60)], grace: .zero, now: now) == now)
    }

    @Test("a program that never began is not charged, one that was quicker than Weir is (BIL-26)")
    func quick() async throws {
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        for (name, phase, runs) in [
            ("quick", Observation.Phase.succeeded, true), ("wrong", .failed(.startRefused(detail: "no such command")), false),
            ("crash", .failed(.exit(code: 1)), true),
        ] {
            let job = try await tenant.job(name, on: platform)
            // It is over before Weir sees it.
            try await launchUnseen(job, platform, test)
            clock.advance(by: .seconds(5))
            test.engine.endInstances(of: job.id, phase)
            clock.advance(by: .seconds(60))
            _ = try await platform.reconciler.reconcile(job.id)
            let run = try await run(of: job.id, test)
            #expect(run.outcome != nil)
            #expect((run.runningAt != nil) == runs, "\(name)")
            if let start = run.runningAt { #expect(run.endedAt == start + .seconds(5), "\(name)") }
        }
    }
}
