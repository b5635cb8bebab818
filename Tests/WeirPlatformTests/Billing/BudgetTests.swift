import NIOCore
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("A budget that is used up refuses, and stops where it says so")
struct BudgetTests: MoneyScene {
    @Test(
        "a budget of a project refuses its own starts, and one that stops does so at the next full hour and for its own only",
        arguments: TestDay.all(staying: .seconds(4 * 3600)))
    func budgets(day: TestDay) async throws {
        let clock = day.clock(after: .seconds(1800))
        let test = try TestPlatform(clock: clock, timeZone: day.zone)
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
            try await platform.wait(for: third, toBe: .running)
            clock.advance(by: .seconds(1800))
            try await platform.settlement.settleHour()
            #expect(try await state(of: job, test) == .running)
            clock.advance(by: .seconds(1800))
            try await platform.settlement.settleHour()
            try await platform.wait(for: job, toBe: .stopped)
            #expect(try await causes(of: job, test).contains("budget_reached"))
            for job in [other, third] { #expect(try await state(of: job, test) == .running) }
            #expect(
                try await notices(tenant, platform) == ["budget_warning", "budget_reached", "stopped_for_budget"])
            // Each says whose budget it is (ux 17).
            let told = try await platform.notices.list(in: tenant.workspace, PageRequest(), for: tenant.caller).items
            #expect(told.allSatisfy { $0.text.en.hasPrefix("Project digits – ") && $0.text.zh.hasPrefix("项目 digits：") })

            // The next month begins anew.
            clock.advance(by: .seconds(31 * 86_400))
            // Enough for what ran on meanwhile and is not charged yet.
            try await test.setBalance(10_000, of: tenant.workspace)
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
        #expect(try await platform.budgets.list(in: tenant.workspace, PageRequest(), for: eve.caller).items.count == 1)
    }

    @Test("a notice of the workspace's own budget names it, and says how much is used by now (faults G6)")
    func ownBudget() async throws {
        let clock = ManualClock("2026-03-01T09:01:30Z")
        let test = try TestPlatform(clock: clock)
        try await test.running { platform in
            let tenant = try await test.tenant(on: platform)
            _ = try await platform.budgets.set(
                Budget(limit: 1, warnings: [50, 80], atLimit: .refuse), for: .workspace, in: tenant.workspace, by: tenant.caller)
            let job = try await tenant.job("train", on: platform)
            try await platform.wait(for: job, toBe: .running)
            clock.advance(by: .seconds(58 * 60 + 30))
            try await platform.settlement.settleHour()
            let told = try await platform.notices.list(in: tenant.workspace, PageRequest(), for: tenant.caller).items
            #expect(told.map(\.code) == ["budget_warning"])
            let text = try #require(told.first?.text)
            #expect(text.en.hasPrefix("Workspace ") && text.zh.hasPrefix("空间 "))
            #expect(text.en.contains("98 % of the budget of 1.000000; you asked to be told at 80 %"))
        }
    }
}
