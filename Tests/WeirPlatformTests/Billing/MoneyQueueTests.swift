import GRDB
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("What waits is let in only as far as balance and budgets pay for what runs (BIL-18, BIL-19, N3)")
struct MoneyQueueTests: MoneyScene {
    private func standing(_ jobs: [WorkloadRecord], _ test: TestPlatform) async throws -> (
        running: [WorkloadRecord], waiting: [QueueReason]
    ) {
        let records = try await records(of: jobs, test)
        return (records.filter { $0.state == .running }, records.compactMap { $0.state == .queued ? $0.queueReason : nil })
    }

    /// Four jobs that a start of Weir finds waiting, with room for all of them.
    private func submitFour(_ test: TestPlatform, _ prepare: (Platform, TestPlatform.Tenant) async throws -> Void) async throws -> (
        TestPlatform.Tenant, [WorkloadRecord]
    ) {
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        try await prepare(platform, tenant)
        var jobs: [WorkloadRecord] = []
        for number in 1...4 { jobs.append(try await tenant.job("train-\(number)", on: platform)) }
        return (tenant, jobs)
    }

    private func wait(
        for jobs: [WorkloadRecord], running: Int, waiting: [QueueReason], _ test: TestPlatform, _ platform: Platform
    ) async throws {
        try await platform.wait(for: jobs[0].id) { _ in
            let standing = try await standing(jobs, test)
            return standing.running.count == running && standing.waiting == waiting
        }
    }

    @Test(
        "a budget that refuses lets in what it pays for; the rest waits for it, and starts when it is raised (F3)", arguments: TestDay.all)
    func budget(day: TestDay) async throws {
        let test = try TestPlatform(clock: day.clock(), timeZone: day.zone)
        let (tenant, jobs) = try await submitFour(test) { platform, tenant in
            _ = try await platform.budgets.set(
                Budget(limit: 2, warnings: [], atLimit: .refuse), for: .project(tenant.project), in: tenant.workspace, by: tenant.caller)
        }
        try await test.running { platform in
            try await wait(for: jobs, running: 2, waiting: [.budget, .budget], test, platform)
            #expect(try await code { _ = try await tenant.job("fifth", on: platform) } == "budget_short")
            _ = try await platform.budgets.set(
                Budget(limit: 3, warnings: [], atLimit: .refuse), for: .project(tenant.project), in: tenant.workspace, by: tenant.caller)
            try await wait(for: jobs, running: 3, waiting: [.budget], test, platform)
            let now = try await records(of: jobs, test)
            let last = try #require(now.first { $0.state == .queued })
            let why = try await platform.queue.why(last.id, for: tenant.caller)
            #expect(why.explanation?.sentences.first?.en.contains("budget") == true)
            try await platform.budgets.remove(.project(tenant.project), in: tenant.workspace, by: tenant.caller)
            try await wait(for: jobs, running: 4, waiting: [], test, platform)
        }
    }

    @Test("a balance lets in what it pays for, and what waits goes on after a recharge, or when something ends early (F3, F11)")
    func balance() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        let (tenant, jobs) = try await submitFour(test) { _, tenant in
            try await test.setBalance(Points(micro: 2_500_000), of: tenant.workspace)
        }
        try await test.running { platform in
            try await wait(for: jobs, running: 2, waiting: [.balance, .balance], test, platform)
            // One ends after a minute: most of the hour that was set aside for it is free.
            clock.advance(by: .seconds(60))
            let first = try #require(try await standing(jobs, test).running.first)
            test.engine.endInstances(of: first.id, .succeeded)
            try await wait(for: jobs, running: 2, waiting: [.balance], test, platform)
            _ = try await platform.ledger.recharge(
                tenant.workspace, by: 10, reference: "bank 1", key: IdempotencyKey("k", request: "k"), caller: .testOperator)
            try await wait(for: jobs, running: 3, waiting: [], test, platform)
        }
    }

    @Test("what waits for room does not start once the balance is used up (F3, review 12)")
    func usedUp() async throws {
        let clock = ManualClock()
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let other = try await test.tenant("eve", on: platform)
            var jobs: [WorkloadRecord] = []
            for number in 1...4 { jobs.append(try await tenant.job("train-\(number)", on: platform)) }
            for job in jobs { try await platform.wait(for: job, toBe: .running) }
            let waits = try await tenant.job("waits", on: platform)
            try await platform.wait(for: waits.id) { $0?.queueReason == .resources }
            let theirs = try await other.job("theirs", on: platform)
            try await test.setBalance(0, of: tenant.workspace)
            clock.advance(by: .seconds(600))
            test.engine.endInstances(of: jobs[0].id, .succeeded)
            // Its own room goes to who can pay, though they stand behind it.
            try await platform.wait(for: theirs, toBe: .running)
            try await platform.wait(for: waits.id) { $0?.queueReason == .balance }
            test.engine.endInstances(of: jobs[1].id, .succeeded)
            try await platform.wait(for: jobs[1], toBe: .completed)
            // Who comes later starts in that room, so it was decided who does.
            let last = try await other.job("last", on: platform)
            try await platform.wait(for: last, toBe: .running)
            try await platform.settlement.settleHour()
            #expect(try await state(of: waits, test) == .queued)
            test.engine.endInstances(of: last.id, .succeeded)
            try await platform.wait(for: last, toBe: .completed)
            // A balance that comes back is enough.
            _ = try await platform.ledger.recharge(
                tenant.workspace, by: 10, reference: "", key: IdempotencyKey("k", request: "k"), caller: .testOperator)
            try await platform.wait(for: waits, toBe: .running)
        }
    }

    @Test("what gives way while the money is used up does not come back, and says why (F3c, TRN-13)", arguments: TestDay.all)
    func preemptedInArrears(day: TestDay) async throws {
        let clock = day.clock(after: .seconds(3000))
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        let platform = try await test.start()
        let (tenant, other) = (try await test.tenant(on: platform), try await test.tenant("eve", on: platform))
        var spots: [WorkloadRecord] = []
        for number in 1...4 { spots.append(try await tenant.job("spot-\(number)", flavor: "spot", on: platform)) }
        for job in spots { try await platform.reconciler.tellQueue(job) }
        await platform.reconciler.admit()
        for job in spots { _ = try await platform.reconciler.reconcile(job.id) }
        try await test.setBalance(0, of: tenant.workspace)
        clock.advance(by: .seconds(595))
        try await platform.reconciler.tellQueue(try await other.job("regular", on: platform))
        await platform.reconciler.admit()
        let now = try await records(of: spots, test)
        let victim = try #require(now.first { $0.state == .stopping })
        clock.advance(by: .seconds(10))
        try await platform.settlement.settleHour()
        _ = try await platform.reconciler.reconcile(victim.id)
        let after = try #require(try await test.store.read { try $0.workload(victim.id) })
        #expect(after.state == .stopped)
        #expect(after.run == 1)
        #expect(after.stopCause == "balance_used_up")
        #expect(try await causes(of: victim, test).contains("balance_used_up"))
    }

    @Test("nobody gives way to what could not be paid for then, and goes on as if nothing had been; it gives way to who can pay (review 6)")
    func paidBeforePreemption() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let (poor, rich) = (try await test.tenant("eve", on: platform), try await test.tenant("bob", on: platform))
        var spots: [WorkloadRecord] = []
        for number in 1...4 { spots.append(try await tenant.job("spot-\(number)", flavor: "spot", on: platform)) }
        for job in spots { try await platform.reconciler.tellQueue(job) }
        await platform.reconciler.admit()
        for job in spots { _ = try await platform.reconciler.reconcile(job.id) }
        let waits = try await poor.job("waits", on: platform)
        // Not used up, but less than its first hour.
        try await test.setBalance(Points(micro: 500_000), of: poor.workspace)
        try await platform.reconciler.tellQueue(waits)
        await platform.reconciler.admit()
        #expect(try await records(of: spots, test).filter { $0.state == .running && $0.wanted == .running }.count == 4)
        let withheld = try #require(try await records(of: [waits], test).first)
        #expect(withheld.state == .queued && withheld.queueReason == .balance)

        try await platform.reconciler.tellQueue(try await rich.job("pays", on: platform))
        await platform.reconciler.admit()
        #expect(try await records(of: spots, test).filter { $0.state == .stopping }.count == 1)
    }

    @Test("what waits for money is in the list of the queue behind what has a place, with its reason, part by part (BIL-18, DEV-26)")
    func listed() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let (tenant, other) = (try await test.tenant(on: platform), try await test.tenant("eve", on: platform))
        func enter(_ job: WorkloadRecord) async throws {
            try await platform.reconciler.tellQueue(job)
            await platform.reconciler.admit()
        }
        try await enter(try await tenant.job("runs", on: platform))
        let dear = try await tenant.job("dear", on: platform)
        try await test.setBalance(Points(micro: 1_500_000), of: tenant.workspace)
        try await enter(dear)
        for number in 1...3 { try await enter(try await other.job("theirs-\(number)", on: platform)) }
        let quick = try await tenant.job("quick", timeLimit: 600, on: platform)
        try await enter(quick)

        func list(named part: String? = nil, _ page: PageRequest = PageRequest()) async throws -> WorkloadQueue.Waiting {
            try await platform.queue.list(in: tenant.workspace, named: part, page, for: tenant.caller)
        }
        let all = try await list()
        #expect(all.lines.items.map(\.workload.id) == [quick.id, dear.id])
        #expect(all.lines.items.map(\.place) == [1, nil])
        #expect(all.lines.items.map(\.reason) == [.resources, .balance])
        #expect(all.waiting == 2 && all.waitingInZone == 2)
        let first = try await list(PageRequest(limit: 1))
        #expect(first.lines.items.map(\.workload.id) == [quick.id])
        let second = try await list(PageRequest(limit: 1, after: first.lines.next))
        #expect(second.lines.items.map(\.workload.id) == [dear.id] && second.lines.next == nil)
        #expect(try await list(PageRequest(after: dear.id.text)).lines.items.isEmpty)
        #expect(try await list(named: "DEA").lines.items.map(\.workload.id) == [dear.id])
        #expect(try await platform.queue.list(in: other.workspace, for: other.caller).lines.items.isEmpty)
    }

    @Test("one whose price cannot be read waits, and stops nobody else from starting (review 7)")
    func unreadablePrice() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let jobs = [try await tenant.job("broken", on: platform), try await tenant.job("right", on: platform)]
        let broken = jobs[0].id.text
        let queue = try DatabaseQueue(path: test.folder.path + "/weir.sqlite")
        try await queue.write { try $0.execute(sql: "UPDATE run SET price = 'none' WHERE workload = ?", arguments: [broken]) }
        try queue.close()
        for job in jobs { try await platform.reconciler.tellQueue(job) }
        await platform.reconciler.admit()
        let now = try await records(of: jobs, test)
        #expect(now.map(\.state) == [.queued, .deploying])
        #expect(now.first?.queueReason == .balance)
    }

    @Test("what waits for a budget starts with the next month, when that begins", arguments: TestDay.all)
    func nextMonth(day: TestDay) async throws {
        let clock = day.clock()
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        let (_, jobs) = try await submitFour(test) { platform, tenant in
            _ = try await platform.budgets.set(
                Budget(limit: 1, warnings: [], atLimit: .refuse), for: .workspace, in: tenant.workspace, by: tenant.caller)
        }
        try await test.running { platform in
            try await wait(for: jobs, running: 1, waiting: [.budget, .budget, .budget], test, platform)
            let next = try platform.calendar.monthBounds(around: clock.now()).upperBound
            clock.advance(by: next - clock.now() - .milliseconds(1))
            try await platform.settlement.settleHour()
            try await wait(for: jobs, running: 1, waiting: [.budget, .budget, .budget], test, platform)
            clock.advance(by: .milliseconds(1))
            try await platform.settlement.settleHour()
            try await wait(for: jobs, running: 2, waiting: [.budget, .budget], test, platform)
        }
    }

    @Test("a submission whose first hour is more than what is left is refused, one that ends in time is not (BIL-18)")
    func firstHour() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        try await test.setBalance(Points(micro: 500_000), of: tenant.workspace)
        let error = await #expect(throws: WeirError.self) { try await tenant.job("train", on: platform) }
        #expect(error?.code == "balance_short")
        #expect(error?.message.en.contains("1.000000") == true)
        _ = try await tenant.job("quick", timeLimit: 600, on: platform)
        let lab = try await platform.environments.create(
            tenant.submission("lab", flavor: "tiny"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
        _ = try await platform.workloads.stop(lab.id, by: tenant.caller)
        try await test.setBalance(Points(micro: 1), of: tenant.workspace)
        #expect(try await code { _ = try await platform.workloads.start(lab.id, by: tenant.caller) } == "balance_short")
    }

    @Test("a quote says what it leaves of the balance and of each budget that it counts to (N3)", arguments: TestDay.all)
    func quote(day: TestDay) async throws {
        let clock = day.clock()
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            try await test.setBalance(100, of: tenant.workspace)
            for (scope, limit) in [(SpendingScope.workspace, 20), (.account(tenant.caller.id), 3)] as [(SpendingScope, Points)] {
                _ = try await platform.budgets.set(
                    Budget(limit: limit, warnings: [], atLimit: .refuse), for: scope, in: tenant.workspace, by: tenant.caller)
            }
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            clock.advance(by: .seconds(5400))
            let quote = try await platform.quotes.quote(
                Quotes.Request(kind: .job, flavor: "small", limit: 7200), in: tenant.project, for: tenant.caller)
            #expect(quote.left == MoneyLeft(total: 100, committed: Points(micro: 1_500_000)))
            #expect(quote.leaves(of: quote.left) == Points(micro: 96_500_000))
            let budgets = Dictionary(uniqueKeysWithValues: quote.budgets.map { ($0.scope, quote.leaves(of: $0.left)) })
            #expect(budgets == [.workspace: Points(micro: 16_500_000), .account(tenant.caller.id): Points(micro: -500_000)])
            #expect(quote.refusal == nil)
            // Settled or not, it counts once.
            try await platform.settlement.settleHour()
            let settled = try await platform.quotes.quote(
                Quotes.Request(kind: .job, flavor: "small", limit: 7200), in: tenant.project, for: tenant.caller)
            #expect(settled.leaves(of: settled.left) == Points(micro: 96_500_000))
        }
    }
}
