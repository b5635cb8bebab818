import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("What runs is charged each hour and at its end, to the minute and once")
struct SettlementTests {
    private func running(
        _ test: TestPlatform, _ name: String = "train"
    ) async throws -> (tenant: TestPlatform.Tenant, job: WorkloadRecord) {
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job(name, on: platform)
            try await platform.wait(for: job, toBe: .running)
            return (tenant, job)
        }
    }

    private func settled(_ platform: Platform, _ job: WorkloadRecord) async throws {
        try await platform.wait(for: job.id) { _ in try await platform.store.read { try $0.unsettledEnds(limit: 1) }.isEmpty }
    }

    @Test(
        "a run is charged at the full hour, not again when the hour is settled again, and at its end (BIL-04, BIL-05)",
        arguments: TestDay.all)
    func hourAndEnd(day: TestDay) async throws {
        let clock = day.clock(after: .seconds(30))
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        let (tenant, job) = try await running(test)
        clock.advance(by: .seconds(3600))
        try await test.running { platform in
            try await platform.settlement.settleHour()
            // 60 minutes begin before 10:00:00, the last of them at 9:59:30.
            #expect(try await test.charged(job.id) == 1)
            try await platform.settlement.settleHour()
            #expect(try await test.charged(job.id) == 1)
            clock.advance(by: .seconds(1770 + 61))
            test.engine.endInstances(of: job.id, .succeeded)
            try await platform.wait(for: job, toBe: .completed)
            try await settled(platform, job)
            // 1 h, 30 min and 31 s: 91 minutes.
            #expect(try await test.charged(job.id) == Points(micro: 1_516_666))
            #expect(try await platform.moneyViolations(of: [job.id]) == [])
            let left = try await test.balance(of: tenant.workspace)
            #expect(try left.adding(await test.charged(job.id)) == 1000)
            #expect(platform.settlementCounts.settled.charges > 0)
        }
    }

    @Test("what ended while Weir was down is charged to its end, what goes on to the last full hour (BIL-05, X03)", arguments: TestDay.all)
    func downtime(day: TestDay) async throws {
        let clock = day.clock()
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        let (_, job) = try await running(test)
        let other = try await test.running { platform in
            let tenant = try await test.tenant("eve", on: platform)
            let other = try await tenant.job("other", on: platform)
            try await platform.wait(for: other, toBe: .running)
            return other
        }
        clock.advance(by: .seconds(140 * 60))
        test.engine.endInstances(of: job.id, .succeeded)
        clock.advance(by: .seconds(160 * 60 + 60))
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .completed)
            try await settled(platform, job)
            try await platform.settlement.settleHour()
            #expect(try await test.charged(job.id) == Points(micro: 2_333_333))
            #expect(try await test.charged(other.id) == 5)
            #expect(try await platform.moneyViolations(of: [job.id, other.id]) == [])
        }
    }

    @Test("a container that is gone is not charged for the time in which nobody saw it (X03)", arguments: TestDay.all)
    func vanished(day: TestDay) async throws {
        let clock = day.clock()
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        let (_, job) = try await running(test)
        let platform = try await test.start()
        clock.advance(by: .seconds(600))
        _ = try await platform.reconciler.look()
        test.engine.lose(job.id)
        clock.advance(by: .seconds(5 * 3600))
        // The hour is settled before anybody has looked at the workload.
        try await platform.settlement.settleHour()
        #expect(try await test.charged(job.id) == 0)
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .failed)
            try await settled(platform, job)
            #expect(try await test.charged(job.id) == Points(micro: 166_666))
        }
    }

    @Test("a run from 23:30 on the last of a month to 00:30 stands with 30 minutes on each bill (BIL-07)")
    func months() async throws {
        let clock = ManualClock("2026-11-30T15:30:00Z")
        let test = try TestPlatform(clock: clock)
        let (tenant, job) = try await running(test)
        clock.advance(by: .seconds(3600))
        test.engine.endInstances(of: job.id, .succeeded)
        clock.advance(by: .seconds(300))
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .completed)
            try await settled(platform, job)
            for month in [BillMonth(year: 2026, month: 11), BillMonth(year: 2026, month: 12)] {
                #expect(try await test.store.read { try $0.spending(of: tenant.workspace, in: month) } == Points(micro: 500_000))
            }
        }
    }

    @Test("a gap with more hours than one plan holds is caught up whole, and a run without a minute is closed (BIL-05)")
    func longGap() async throws {
        let clock = ManualClock("2026-01-01T00:00:00Z")
        let test = try TestPlatform(clock: clock)
        let (_, job) = try await running(test)
        clock.advance(by: .seconds(2500 * 3600))
        let platform = try await test.start()
        try await platform.settlement.settleHour()
        #expect(try await test.charged(job.id) == 2500)
        try await test.running { platform in
            test.engine.endInstances(of: job.id, .succeeded)
            try await platform.wait(for: job, toBe: .completed)
            try await settled(platform, job)
            #expect(try await platform.moneyViolations(of: [job.id]) == [])
        }
    }

    @Test("a clock that was stepped forward is put right when the run ends (X03)", arguments: TestDay.all)
    func steppedForward(day: TestDay) async throws {
        let clock = day.clock()
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        let (_, job) = try await running(test)
        clock.advance(by: .seconds(600 + 7 * 3600))
        let platform = try await test.start()
        try await platform.settlement.settleHour()
        #expect(try await test.charged(job.id) == 7)
        clock.advance(by: .seconds(-7 * 3600))
        try await platform.settlement.settleHour()
        #expect(try await test.charged(job.id) == 7)
        clock.advance(by: .seconds(80 * 60))
        test.engine.endInstances(of: job.id, .succeeded)
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .completed)
            try await settled(platform, job)
            #expect(try await test.charged(job.id) == Points(micro: 1_500_000))
            #expect(try await platform.moneyViolations(of: [job.id]) == [])
        }
    }

    @Test(
        "a clock that is set while a run goes on takes no time from it and gives it none, whether Weir runs or not (X03)",
        arguments: [-5400, -3600, -90, 90, 3600, 26 * 3600].flatMap { [($0, false), ($0, true)] }, TestDay.all)
    func clockSet(step: (seconds: Int, isDown: Bool), day: TestDay) async throws {
        let (seconds, isDown) = step
        let clock = day.clock(after: .seconds(-3 * 3600))
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        // The price list is older than the time to which the clock is set back.
        _ = try await test.start()
        clock.advance(by: .seconds(3 * 3600))
        let (tenant, job) = try await running(test)
        clock.advance(by: .seconds(60))
        try await test.start().settlement.settleHour()
        clock.advance(by: .seconds(1140))
        if !isDown { try await test.start().settlement.settleHour() }
        clock.set(by: .seconds(seconds))
        clock.advance(by: .seconds(600))
        try await test.start().settlement.settleHour()
        // What begins under the clock as it is now is not touched by what was set before.
        let later = try await test.running { platform in
            let later = try await tenant.job("later", on: platform)
            try await platform.wait(for: later, toBe: .running)
            return later
        }
        clock.advance(by: .seconds(3600))
        for job in [job, later] { test.engine.endInstances(of: job.id, .succeeded) }
        try await test.running { platform in
            for job in [job, later] { try await platform.wait(for: job, toBe: .completed) }
            try await settled(platform, job)
            try await settled(platform, later)
            // 20, 10 and 60 minutes; the other 60.
            #expect(try await test.charged(job.id) == Points(micro: 1_500_000))
            #expect(try await test.charged(later.id) == Points(micro: 1_000_000))
            #expect(try await platform.moneyViolations(of: [job.id, later.id]) == [])
        }
    }

    @Test(
        "a night of 23 or 25 hours costs what its minutes do, and the months are those of the zone (BIL-04, BIL-07)",
        arguments: [("2026-03-28T22:30:00Z", 3), ("2026-10-24T22:30:00Z", 10)])
    func daylightSaving(start: String, month: Int) async throws {
        let clock = ManualClock(start)
        let test = try TestPlatform(clock: clock, timeZone: "Europe/Berlin")
        let (tenant, job) = try await running(test)
        for _ in 0..<8 {
            clock.advance(by: .seconds(3600))
            try await test.start().settlement.settleHour()
        }
        test.engine.endInstances(of: job.id, .succeeded)
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .completed)
            try await settled(platform, job)
            #expect(try await test.charged(job.id) == 8)
            let month = BillMonth(year: 2026, month: month)
            #expect(try await test.store.read { try $0.spending(of: tenant.workspace, in: month) } == 8)
            #expect(try await platform.moneyViolations(of: [job.id]) == [])
        }
    }

    private static let seeds: [UInt64] =
        ProcessInfo.processInfo.environment["TEST_SEEDS"]?.split(separator: ",").compactMap { UInt64($0) }
        ?? (0..<12).map { _ in .random(in: 0...999_999_999) }

    @Test(
        "however a run is divided — late, twice, by two at once, by plans that come out of order — it costs the same (BIL-04, BIL-05)",
        arguments: seeds)
    func partitions(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let day = TestDay.chosen(by: seed)
        let clock = day.clock(after: .seconds(-40 * 3600))
        clock.advance(by: .seconds(Int.random(in: 0..<200_000, using: &random)))
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        let (tenant, job) = try await running(test)
        let start = clock.now()
        var stale: [RunSettlement] = []
        let platform = try await test.start()
        for _ in 0..<Int.random(in: 1...20, using: &random) {
            clock.advance(by: .milliseconds(Int.random(in: 1...9_000_000, using: &random)))
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                async let one: Void = platform.settlement.settleHour()
                async let two: Void = platform.settlement.settleHour()
                _ = try await (one, two)
            case 1:
                let now = clock.now()
                let due = try await test.store.read { try $0.unsettledRuns() }
                stale += try due.map { try RunSettlement($0, now: now, calendar: platform.calendar) }
            case 2:
                let (now, plans) = (clock.now(), stale.shuffled(using: &random))
                _ = try await test.store.write { try $0.settle(plans, at: now) }
            default: try await platform.settlement.settleHour()
            }
        }
        let minutes = ((clock.now() - start).milliseconds + 59_999) / 60_000
        test.engine.endInstances(of: job.id, .succeeded)
        clock.advance(by: .seconds(Int.random(in: 0...20_000, using: &random)))
        if Bool.random(using: &random) { try await platform.settlement.settleHour() }
        let plans = stale
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .completed)
            try await settled(platform, job)
            let now = clock.now()
            _ = try await test.store.write { try $0.settle(plans, at: now) }
            let price = try await platform.tariffs.inForce().price(kind: .job, flavor: TestPlatform.small, replicas: 1)
            #expect(try await test.charged(job.id) == price.amount(minutes: minutes), "seed \(seed)")
            #expect(try await platform.moneyViolations(of: [job.id]) == [], "seed \(seed)")
            let left = try await test.balance(of: tenant.workspace)
            #expect(try left.adding(await test.charged(job.id)) == 1000, "seed \(seed)")
        }
    }

    @Test("what its limit ends is charged to the limit, however late Weir stops it (faults G1, BIL-23)", arguments: [30, 5_400_000])
    func limit(late: Int64) async throws {
        let clock = ManualClock("2026-03-01T09:00:00Z")
        let test = try TestPlatform(clock: clock)
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let job = try await tenant.job("train", timeLimit: 60, on: platform)
        let lab = try await platform.environments.create(
            tenant.submission("lab"), tool: nil, autoStop: 60, in: tenant.project, by: tenant.caller)
        for _ in 0..<2 {
            await platform.reconciler.admit()
            for made in [job, lab] {
                try await platform.reconciler.tellQueue(made)
                _ = try await platform.reconciler.reconcile(made.id)
            }
        }
        for made in [job, lab] { _ = try await platform.reconciler.reconcile(made.id) }
        clock.advance(by: .milliseconds(60_000 + late))
        // A full hour that comes before Weir has stopped them charges no more, and neither is more set aside.
        let now = clock.now()
        let running = try await test.store.read { try $0.runningRuns(in: tenant.workspace) }
        #expect(running.count == 2)
        for due in running {
            let plan = try RunSettlement(due, now: now, calendar: platform.settlement.calendar).plan
            #expect(plan.settled.minutes <= 1)
            #expect(try due.run.minutes(until: due.counted(at: now)) == 1)
        }
        let minute = try running.reduce(Points(0)) { try $0.adding($1.run.price.amount(minutes: 1)) }
        let held = try await test.store.read { try $0.commitments(of: tenant.workspace, at: now) }
        #expect(held[.workspace] == minute)
        for _ in 0..<3 {
            for made in [job, lab] { _ = try await platform.reconciler.reconcile(made.id) }
        }
        try await platform.settlement.settleEnds()
        for made in [job, lab] {
            let run = try #require(try await test.store.read { try $0.runs(of: made.id) }.first)
            let start = try #require(run.runningAt)
            #expect(run.endedAt == start + .seconds(60))
            #expect(try await test.charged(made.id) == run.price?.amount(minutes: 1))
        }
        #expect(try await platform.moneyViolations(of: [job.id, lab.id]) == [])
    }
}
