import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Workspaces and their money")
struct StartingGrantTests {
    @Test("a new workspace begins with what the installation gives; one from before billing gets it once")
    func startingGrant() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let now = test.clock.now()
        let old = WorkspaceRecord(id: RandomIdentifiers().next(Workspace.self, at: now), name: "old", createdAt: now)
        try await test.store.write { try $0.insert(old, name: Name("old")) }
        let platform = try await test.start()
        let tenant = try await test.tenant(on: platform)
        _ = try await test.start()
        for workspace in [old.id, tenant.workspace] {
            #expect(try await test.store.read { try $0.balance(of: workspace) }.balance == 1000)
        }
        #expect(try await test.store.read { try $0.ledgerHead() }.sequence == 2)
    }

    @Test("a member of another workspace sees neither balance nor entries (IDW-02)")
    func tenants() async throws {
        let test = try TestPlatform(clock: ManualClock())
        let platform = try await test.start()
        let (ada, bob) = (try await test.tenant("ada", on: platform), try await test.tenant("bob", on: platform))
        #expect(try await platform.ledger.balance(of: ada.workspace, for: ada.caller).balance == 1000)
        await #expect(throws: WeirError.notFound("workspace")) {
            try await platform.ledger.balance(of: ada.workspace, for: bob.caller)
        }
        await #expect(throws: WeirError.notFound("workspace")) {
            try await platform.ledger.entries(of: ada.workspace, EntryFilter(), PageRequest(), for: bob.caller)
        }
        await #expect(throws: WeirError.notFound("entry")) {
            try await platform.ledger.entry(1, of: bob.workspace, for: bob.caller)
        }
    }
}
