import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Another workspace gets nobody round a quota or an empty balance (F2, hostile 8)")
struct NewWorkspaceTests: MoneyScene {
    private func workspaces(_ test: TestPlatform, _ platform: Platform, _ rules: NewWorkspaces) -> Workspaces {
        Workspaces(
            store: test.store, clock: test.clock, identifiers: RandomIdentifiers(), memberships: platform.memberships,
            departures: platform.departures, startingGrant: 1000, rules: rules)
    }

    @Test("a person's first workspace begins with the grant, a further one with nothing, also after the first was closed")
    func grant() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let second = try await platform.workspaces.create(name: "second", by: tenant.caller)
        #expect(try await test.balance(of: tenant.workspace) == 1000)
        #expect(try await test.balance(of: second.id) == 0)
        // A start of Weir, which looks for workspaces from before billing, gives it nothing either.
        _ = try await test.start()
        #expect(try await test.balance(of: second.id) == 0)
        let project = try await platform.projects.create(in: second.id, name: "p", by: tenant.caller)
        #expect(
            try await code {
                _ = try await platform.jobs.create(
                    tenant.submission("train"), command: "x", timeLimit: nil, in: project.id, by: tenant.caller)
            } == "balance_used_up")
    }

    @Test("who owns as many as the installation lets, or owes something, makes no other; the operator always may")
    func refused() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let two = workspaces(test, platform, NewWorkspaces(most: 2))
        try await test.setBalance(-1, of: tenant.workspace)
        #expect(try await code { _ = try await two.create(name: "b", by: tenant.caller) } == "debts_elsewhere")
        try await test.setBalance(0, of: tenant.workspace)
        _ = try await two.create(name: "b", by: tenant.caller)
        #expect(try await code { _ = try await two.create(name: "c", by: tenant.caller) } == "too_many_workspaces")
        let none = workspaces(test, platform, NewWorkspaces(most: 0))
        let eve = try await test.tenant("eve", on: platform)
        #expect(try await code { _ = try await none.create(name: "d", by: eve.caller) } == "workspaces_by_operator")
        var account = eve.caller.account
        account.isOperator = true
        let made = try await none.create(name: "e", by: Caller(account))
        #expect(try await test.balance(of: made.id) == 1000)
    }

    @Test("nobody is counted for what another made them an owner of; what somebody made and gave away counts for them (QUO-06)")
    func handedOver() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let (mallory, victor) = (try await test.tenant("mallory", on: platform), try await test.tenant("victor", on: platform))
        let two = workspaces(test, platform, NewWorkspaces(most: 2))
        func hand(_ id: Identifier<Workspace>) async throws {
            _ = try await two.setRole(.owner, ofLogin: "victor", in: id, by: mallory.caller)
            try await two.remove(login: "mallory", from: id, by: mallory.caller)
        }
        let second = try await two.create(name: "second", by: mallory.caller)
        try await hand(second.id)
        try await hand(mallory.workspace)
        try await test.setBalance(-1, of: mallory.workspace)
        #expect(try await code { _ = try await two.create(name: "third", by: mallory.caller) } == "too_many_workspaces")
        _ = try await two.create(name: "own", by: victor.caller)
        #expect(try await code { _ = try await two.create(name: "fourth", by: victor.caller) } == "too_many_workspaces")
    }

    @Test("a new workspace has the quota that the installation gives to new ones (QUO-06)")
    func quota() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        let rules = NewWorkspaces(most: 5, quota: Quota(cpu: 1000, instances: 1))
        let made = try await workspaces(test, platform, rules).create(name: "second", by: tenant.caller)
        try await test.setBalance(100, of: made.id)
        let project = try await platform.projects.create(in: made.id, name: "p", by: tenant.caller)
        #expect(
            try await code {
                _ = try await platform.jobs.create(
                    tenant.submission("train"), command: "x", timeLimit: nil, in: project.id, by: tenant.caller)
            } == "above_quota")
    }
}
