import NIOCore
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Warnings, prices and forecasts")
struct OutlookTests: MoneyScene {
    @Test("warnings come once when their amount or hours are reached, and again only after a recharge (BIL-18)", arguments: TestDay.all)
    func warnings(day: TestDay) async throws {
        let clock = day.clock()
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
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

            // A member sees the workspace's charges and their own, not each person's.
            let eve = try await test.tenant("eve", on: platform).caller
            _ = try await platform.workspaces.setRole(.member, ofLogin: "eve", in: tenant.workspace, by: tenant.caller)
            #expect(outlook.months[.account(tenant.caller.id)]?.charged == 2)
            let seen = try await platform.outlooks.outlook(of: tenant.workspace, for: eve)
            #expect(Set(seen.months.keys) == [.workspace, .project(tenant.project)])
            _ = try await platform.budgets.set(
                Budget(limit: 50, warnings: [], atLimit: .refuse), for: .account(tenant.caller.id), in: tenant.workspace, by: tenant.caller)
            #expect(try await platform.budgets.list(in: tenant.workspace, PageRequest(), for: eve).items.isEmpty)
            #expect(
                try await code {
                    _ = try await platform.budgets.budget(of: .account(tenant.caller.id), in: tenant.workspace, for: eve)
                } == "forbidden")
        }
    }
}
