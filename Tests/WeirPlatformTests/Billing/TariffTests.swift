import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Price lists")
struct TariffTests {
    private func list(_ perHour: Points) -> Tariff {
        Tariff(of: [Flavor(name: "half-gpu", cpu: 1, memory: 1, scratch: 0, pricePerHour: perHour)])
    }

    @Test("the file's list is published when the file says something new, and not at every start (BIL-06)", arguments: TestDay.all)
    func file(day: TestDay) async throws {
        let scene = try await LedgerScene(workspaces: 2, on: day)
        let tariffs = scene.tariffs
        #expect(try await tariffs.publish(fromFile: list(3), at: scene.clock.now())?.number == 2)
        scene.clock.advance(by: .seconds(10))
        #expect(try await tariffs.publish(fromFile: list(3), at: scene.clock.now()) == nil)
        #expect(try await tariffs.publish(fromFile: list(4), at: scene.clock.now())?.number == 3)
        #expect(try await tariffs.inForce().flavors.first?.perHour == 4)
    }

    @Test("a start with an unchanged file does not undo what the operator published", arguments: TestDay.all)
    func operatorWins(day: TestDay) async throws {
        let scene = try await LedgerScene(workspaces: 2, on: day)
        let tariffs = scene.tariffs
        _ = try await tariffs.publish(fromFile: list(3), at: scene.clock.now())
        scene.clock.advance(by: .seconds(10))
        var next = list(7)
        next.startsAt = scene.clock.now() + .seconds(60)
        let published = try await tariffs.publish(next, by: scene.operatorCaller)
        #expect(published.number == 3)
        // A list that waits is not undone by a changed file either.
        await #expect(throws: WeirError.tariffWaits(published)) {
            try await tariffs.publish(fromFile: list(9), at: scene.clock.now())
        }
        scene.clock.advance(by: .seconds(60))
        #expect(try await tariffs.publish(fromFile: list(3), at: scene.clock.now()) == nil)
        #expect(try await tariffs.inForce().flavors.first?.perHour == 7)
        #expect(try await tariffs.history().versions.map(\.number) == [1, 2, 3])
    }

    @Test("a list cannot start in the past, or before the one published last, and only the operator publishes (BIL-06)")
    func refused() async throws {
        let scene = try await LedgerScene()
        let (tariffs, now) = (scene.tariffs, scene.clock.now())
        var past = list(1)
        past.startsAt = now - .milliseconds(1)
        let (early, caller) = (past, scene.operatorCaller)
        await #expect(throws: WeirError.tariffInThePast()) { try await tariffs.publish(early, by: caller) }
        var account = caller.account
        account.isOperator = false
        let member = Caller(account)
        await #expect(throws: WeirError.operatorOnly()) { try await tariffs.publish(early, by: member) }
    }

    @Test("a price worked out before a new list began is worked out anew in the transaction (BIL-06)")
    func stalePrice() async throws {
        let scene = try await LedgerScene()
        let run = try await scene.start(in: 0)
        let prepared = try await scene.tariffs.prepared(run.spec, at: scene.clock.now())
        scene.clock.advance(by: .seconds(1))
        var next = Tariff(of: [LedgerScene.flavor])
        next.startsAt = scene.clock.now()
        _ = try await scene.tariffs.publish(next, by: scene.operatorCaller)
        let now = scene.clock.now()
        let id = RandomIdentifiers().next(Workload.self, at: now)
        let record = WorkloadRecord(
            id: id, workspace: scene.workspaces[0], project: scene.projects[0], name: try Name("other"), description: "",
            createdBy: scene.operatorCaller.id, createdAt: now, spec: run.spec, secret: "s")
        let new = try NewWorkload(record, name: Name("other"), price: prepared)
        try await scene.store.write { try $0.insert(new, cause: Cause("submitted")) }
        let tariff = try await scene.store.read { try $0.runs(of: id) }.first?.tariff
        #expect(tariff == 2)
    }

    @Test("a flavor without a price is refused when it is submitted (BIL-23)")
    func noPrice() async throws {
        let scene = try await LedgerScene()
        let dear = Flavor(name: "unlisted", cpu: 1, memory: 1, scratch: 0, pricePerHour: 1)
        await #expect(throws: WeirError.noPrice("unlisted", rule: "BIL-23")) { try await scene.start(in: 0, flavor: dear) }
    }
}
