import NIOCore
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("A balance or a budget that is used up refuses, and stops at the full hour")
struct LimitTests {
    private func code(_ body: () async throws -> Void) async throws -> String? {
        do {
            try await body()
            return nil
        } catch let error as WeirError {
            return error.code
        }
    }

    private func body(_ text: String) -> AsyncStream<ByteBuffer> {
        AsyncStream { continuation in
            continuation.yield(ByteBuffer(string: text))
            continuation.finish()
        }
    }

    private func causes(of job: WorkloadRecord, _ test: TestPlatform) async throws -> [String] {
        try await test.store.read { try $0.transitions(of: job.id) }.map(\.cause)
    }

    private func state(of job: WorkloadRecord, _ test: TestPlatform) async throws -> WorkloadState? {
        let id = job.id
        return try await test.store.read { try $0.workload(id)?.state }
    }

    private func notices(_ tenant: TestPlatform.Tenant, _ platform: Platform) async throws -> [String] {
        try await platform.notices.list(in: tenant.workspace, PageRequest(limit: 200), for: tenant.caller).items.reversed().map(\.code)
    }

    @Test("at zero nothing of any kind starts, and what exists can be entered, stopped and deleted (BIL-18)")
    func refused() async throws {
        let test = try TestPlatform(clock: ManualClock())
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            _ = try await platform.commitment.sign(version: PortCommitment.version, in: tenant.workspace, by: tenant.caller)
            let lab = try await platform.environments.create(
                tenant.submission("lab"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            let old = try await platform.environments.create(
                tenant.submission("old"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
            try await platform.wait(for: lab, toBe: .running)
            _ = try await platform.workloads.stop(old.id, by: tenant.caller)
            try await platform.wait(for: old, toBe: .stopped)
            try await test.setBalance(0, of: tenant.workspace)

            let refusals = [
                try await code { _ = try await tenant.job("train", on: platform) },
                try await code {
                    _ = try await platform.environments.create(
                        tenant.submission("new"), tool: nil, autoStop: nil, in: tenant.project, by: tenant.caller)
                },
                try await code {
                    _ = try await platform.services.create(
                        tenant.submission("serve"), Services.Program(command: "serve", port: 8000), in: tenant.project, by: tenant.caller)
                },
                try await code {
                    _ = try await platform.boards.create(tenant.submission("board"), path: nil, in: tenant.project, by: tenant.caller)
                },
                try await code { _ = try await platform.workloads.start(old.id, by: tenant.caller) },
                try await code { _ = try await platform.projects.codeForUpload(of: tenant.project, for: tenant.caller) },
            ]
            #expect(refusals == Array(repeating: "balance_used_up", count: 6))
            let quote = try await platform.quotes.quote(
                Quotes.Request(kind: .job, flavor: "small"), in: tenant.project, for: tenant.caller)
            #expect(quote.refusal?.code == "balance_used_up")

            _ = try await platform.entries.enter(lab.id, tool: nil, by: tenant.caller)
            _ = try await platform.projects.code(of: tenant.project, for: tenant.caller, .seeWorkspace)
            try await platform.workloads.delete(old.id, by: tenant.caller)
            _ = try await platform.workloads.stop(lab.id, by: tenant.caller)
            try await platform.wait(for: lab, toBe: .stopped)
        }
    }

    @Test("an upload under way is refused at its next part, kept, and goes on after a recharge (BIL-18)")
    func upload() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let asset = try await platform.assets.create(
            .dataset, in: tenant.workspace, Assets.Description(name: "digits"), by: tenant.caller)
        let upload = try await platform.uploads.create(into: asset.id, path: "a.txt", length: 8, by: tenant.caller)
        _ = try await platform.uploads.append(body("abcd"), to: upload.id, at: 0, checksum: nil, by: tenant.caller)
        try await test.setBalance(0, of: tenant.workspace)
        let error = await #expect(throws: WeirError.self) {
            _ = try await platform.uploads.append(body("efgh"), to: upload.id, at: 4, checksum: nil, by: tenant.caller)
        }
        #expect(error?.code == "balance_used_up")
        #expect(error?.remedy?.en.contains("Recharge") == true)
        #expect(
            try await code { _ = try await platform.uploads.create(into: asset.id, path: "b.txt", length: 8, by: tenant.caller) }
                == "balance_used_up")
        #expect(try await platform.uploads.progress(of: upload.id, by: tenant.caller).offset == 4)
        try await test.setBalance(1, of: tenant.workspace)
        let progress = try await platform.uploads.append(body("efgh"), to: upload.id, at: 4, checksum: nil, by: tenant.caller)
        #expect(progress.isComplete)
    }

    @Test("what runs and waits is stopped at the full hour after the balance was used up, with a notice (BIL-19)")
    func arrears() async throws {
        let clock = ManualClock("2026-03-01T09:20:00Z")
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let other = try await test.tenant("eve", on: platform)
            var jobs: [WorkloadRecord] = []
            for number in 0..<3 { jobs.append(try await tenant.job("train-\(number)", on: platform)) }
            let theirs = try await other.job("theirs", on: platform)
            let waits = try await tenant.job("waits", on: platform)
            for job in jobs + [theirs] { try await platform.wait(for: job, toBe: .running) }
            try await test.setBalance(0, of: tenant.workspace)

            clock.advance(by: .seconds(39 * 60 + 59))
            try await platform.settlement.settleHour()
            #expect(try await state(of: jobs[0], test) == .running)
            clock.advance(by: .seconds(1))
            try await platform.settlement.settleHour()
            for job in jobs + [waits] {
                try await platform.wait(for: job, toBe: .stopped)
                #expect(try await causes(of: job, test).contains("balance_used_up"))
            }
            #expect(try await state(of: theirs, test) == .running)
            try await platform.settlement.settleHour()
            let notices = try await notices(tenant, platform)
            #expect(notices.filter { $0 == "stopped_for_arrears" }.count == 1)
            #expect(notices.filter { $0 == "balance_used_up" }.count == 1)
            #expect(try await self.notices(other, platform) == [])
            try await platform.wait(for: jobs[0].id) { _ in try await platform.store.read { try $0.unsettledEnds(limit: 1) }.isEmpty }
            // The hour up to the stop is charged, and the debt stands.
            #expect(try await test.charged(jobs[0].id) == Points(micro: 666_666))
            #expect(try await platform.moneyViolations(of: jobs.map(\.id)) == [])
        }
    }

    @Test("a recharge one minute before the full hour prevents the stop; a stop that Weir missed is made up for (BIL-19)")
    func recharge() async throws {
        let clock = ManualClock("2026-03-01T09:20:00Z")
        let test = try TestPlatform(clock: clock)
        let (tenant, job) = try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            try await test.setBalance(0, of: tenant.workspace)
            clock.advance(by: .seconds(39 * 60))
            try await test.setBalance(5, of: tenant.workspace)
            clock.advance(by: .seconds(60))
            try await platform.settlement.settleHour()
            #expect(try await state(of: job, test) == .running)
            clock.advance(by: .seconds(600))
            try await test.setBalance(0, of: tenant.workspace)
            return (tenant, job)
        }
        clock.advance(by: .seconds(3 * 3600))
        try await test.running { platform in
            try await platform.wait(for: job, toBe: .stopped)
            _ = tenant
        }
    }

    @Test("with enforcement off nothing is refused or stopped, and everything is charged")
    func notEnforced() async throws {
        let clock = ManualClock("2026-03-01T09:20:00Z")
        let test = try TestPlatform(clock: clock, billingIsEnforced: false)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            try await test.setBalance(0, of: tenant.workspace)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            clock.advance(by: .seconds(3 * 3600))
            try await platform.settlement.settleHour()
            #expect(try await state(of: job, test) == .running)
            #expect(try await test.balance(of: tenant.workspace) < -2)
        }
    }

    @Test("a budget of a project refuses its own starts, and one that stops does so at the next full hour and for its own only")
    func budgets() async throws {
        let clock = ManualClock("2026-03-01T09:30:00Z")
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let second = try await platform.projects.create(in: tenant.workspace, name: "second", by: tenant.caller)
            _ = try await platform.budgets.set(
                Budget(limit: 1, warnings: [50, 90], atLimit: .stop), for: .project(tenant.project), in: tenant.workspace,
                by: tenant.caller)
            let job = try await tenant.job("train", on: platform)
            let other = try await platform.jobs.create(
                tenant.submission("other"), command: "x", timeLimit: nil, in: second.id, by: tenant.caller)
            for job in [job, other] { try await platform.wait(for: job, toBe: .running) }

            clock.advance(by: .seconds(1800))
            try await platform.settlement.settleHour()
            #expect(try await notices(tenant, platform) == ["budget_warning"])
            clock.advance(by: .seconds(3600))
            try await platform.settlement.settleHour()
            // Used up by the charge of this hour: it has until the next.
            #expect(try await state(of: job, test) == .running)
            #expect(try await code { _ = try await tenant.job("more", on: platform) } == "budget_reached")
            let third = try await platform.jobs.create(
                tenant.submission("third"), command: "x", timeLimit: nil, in: second.id, by: tenant.caller)
            clock.advance(by: .seconds(1800))
            try await platform.settlement.settleHour()
            #expect(try await state(of: job, test) == .running)
            clock.advance(by: .seconds(1800))
            try await platform.settlement.settleHour()
            try await platform.wait(for: job, toBe: .stopped)
            #expect(try await causes(of: job, test).contains("budget_reached"))
            for job in [other, third] { #expect(try await state(of: job, test) == .running) }
            #expect(
                try await notices(tenant, platform) == ["budget_warning", "budget_warning", "budget_reached", "stopped_for_budget"])

            // The next month begins anew.
            clock.advance(by: .seconds(31 * 86_400))
            try await test.setBalance(100, of: tenant.workspace)
            _ = try await tenant.job("more", on: platform)
        }
    }

    @Test("a budget of a person counts what they made; others cannot set budgets, and none is made for strangers")
    func personalBudget() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let eve = try await test.tenant("eve", on: platform)
        let none = try Budget(limit: 0, warnings: [], atLimit: .refuse)
        #expect(
            try await code {
                _ = try await platform.budgets.set(none, for: .account(eve.caller.id), in: tenant.workspace, by: tenant.caller)
            } == "not_found")
        _ = try await platform.workspaces.setRole(.member, ofLogin: "eve", in: tenant.workspace, by: tenant.caller)
        _ = try await platform.budgets.set(none, for: .account(eve.caller.id), in: tenant.workspace, by: tenant.caller)
        #expect(try await code { _ = try await tenant.job("train", on: platform) } == nil)
        #expect(
            try await code {
                _ = try await platform.jobs.create(
                    tenant.submission("mine"), command: "x", timeLimit: nil, in: tenant.project, by: eve.caller)
            } == "budget_reached")
        #expect(
            try await code { try await platform.budgets.remove(.account(eve.caller.id), in: tenant.workspace, by: eve.caller) }
                == "forbidden")
        #expect(try await platform.budgets.list(in: tenant.workspace, for: eve.caller).count == 1)
    }

    @Test("warnings come once when their amount or hours are reached, and again only after a recharge (BIL-18)")
    func warnings() async throws {
        let clock = ManualClock("2026-03-01T09:00:00Z")
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            try await platform.notices.setWarnings(
                BalanceWarnings(amounts: [10], hours: [5]), of: tenant.workspace, by: tenant.caller)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            func hours(_ count: Int) async throws {
                for _ in 0..<count {
                    clock.advance(by: .seconds(3600))
                    try await platform.settlement.settleHour()
                    try await platform.settlement.settleHour()
                }
            }
            try await test.setBalance(12, of: tenant.workspace)
            try await hours(1)
            #expect(try await notices(tenant, platform) == [])
            try await hours(1)
            #expect(try await notices(tenant, platform) == ["balance_low"])
            try await hours(4)
            #expect(try await notices(tenant, platform) == ["balance_low"])
            try await hours(1)
            #expect(try await notices(tenant, platform) == ["balance_low", "balance_low"])
            // Spent again before anybody looked: told again all the same.
            try await test.setBalance(100, of: tenant.workspace)
            try await test.setBalance(3, of: tenant.workspace)
            try await hours(1)
            #expect(try await notices(tenant, platform).count == 4)
            try await hours(2)
            #expect(try await notices(tenant, platform).last == "balance_used_up")
            let all = try await platform.notices.list(in: tenant.workspace, PageRequest(limit: 2), for: tenant.caller)
            #expect(all.items.count == 2 && all.next != nil)
        }
    }

    @Test("before submission the price of an hour, a day and the whole run is told, and that nothing ends it (BIL-23, BIL-29)")
    func quotes() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        func quote(_ request: Quotes.Request) async throws -> Quotes.Answer {
            try await platform.quotes.quote(request, in: tenant.project, for: tenant.caller)
        }
        let job = try await quote(Quotes.Request(kind: .job, flavor: "small", limit: 5400))
        #expect(job.quote.perHour == 1 && job.quote.perDay == 24)
        #expect(job.quote.longest?.amount == Points(micro: 1_500_000))
        #expect(job.quote.warning == nil && job.refusal == nil && job.hours == 1000)
        let service = try await quote(Quotes.Request(kind: .service, flavor: "small", replicas: 3))
        #expect(service.quote.perHour == 3)
        #expect(service.quote.warning != nil)
        let environment = try await quote(Quotes.Request(kind: .environment, flavor: "small"))
        #expect(environment.quote.longest == nil && environment.quote.price.items.count == 3)
        #expect(try await quote(Quotes.Request(kind: .board, flavor: "small")).quote.price.items.count == 2)
        #expect(try await code { _ = try await quote(Quotes.Request(kind: .job, flavor: "none")) } == "not_found")
    }

    @Test("the outlook tells what runs costs, how long the balance lasts, and what the month comes to (BIL-29)")
    func outlook() async throws {
        let clock = ManualClock("2026-03-30T14:00:00Z")
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            let job = try await tenant.job("train", on: platform)
            let short = try await platform.jobs.create(
                tenant.submission("short"), command: "x", timeLimit: 7200, in: tenant.project, by: tenant.caller)
            for job in [job, short] { try await platform.wait(for: job, toBe: .running) }
            clock.advance(by: .seconds(3600))
            try await platform.settlement.settleHour()
            let outlook = try await platform.outlooks.outlook(of: tenant.workspace, for: tenant.caller)
            #expect(outlook.outlook.balance == 998 && outlook.outlook.perHour == 2 && outlook.outlook.hoursLeft == 499)
            // The month ends at 16:00 UTC on the 31st: 26 hours after the start; the other ends by itself after two.
            let month = try #require(outlook.months[.project(tenant.project)])
            #expect(month.charged == 2 && month.forecast == 28)
            #expect(outlook.months[.workspace]?.forecast == 28)
        }
    }
}
