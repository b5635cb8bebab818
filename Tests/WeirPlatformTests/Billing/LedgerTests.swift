import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Ledger: what the operator enters")
struct LedgerTests {
    @Test("a recharge is entered once for each key; the same key with something else is refused (BIL-01)")
    func recharge() async throws {
        let scene = try await LedgerScene()
        func recharge(_ amount: Points) async throws -> Posted {
            try await scene.ledger.recharge(
                scene.workspaces[0], by: amount, reference: "transfer 17", note: "March", key: scene.key("one"),
                caller: scene.operatorCaller)
        }
        let first = try await recharge(5)
        scene.clock.advance(by: .seconds(60))
        let second = try await recharge(5)
        #expect(first.isNew && !second.isNew)
        #expect(first.entry == second.entry)
        #expect(try await scene.balance(0) == 5)
        await #expect(throws: WeirError.self) { try await recharge(6) }
        #expect(try await scene.balance(0) == 5)
        #expect(first.entry.reference == "transfer 17" && first.entry.note == "March")
    }

    @Test("nobody but the operator recharges, grants, refunds or corrects")
    func operatorOnly() async throws {
        let scene = try await LedgerScene()
        var account = scene.operatorCaller.account
        account.isOperator = false
        let caller = Caller(account)
        let (ledger, workspace, key) = (scene.ledger, scene.workspaces[0], try scene.key("k"))
        await #expect(throws: WeirError.operatorOnly()) {
            try await ledger.recharge(workspace, by: 1, reference: "", key: key, caller: caller)
        }
        await #expect(throws: WeirError.operatorOnly()) {
            try await ledger.grant(workspace, amount: 1, note: "", key: key, caller: caller)
        }
        await #expect(throws: WeirError.operatorOnly()) {
            try await ledger.correct(workspace, by: 1, of: .payments, note: "x", key: key, caller: caller)
        }
        await #expect(throws: WeirError.operatorOnly()) {
            try await ledger.refund(entry: 1, amount: 1, note: "", key: key, caller: caller)
        }
    }

    @Test("of a charge no more is given back than was charged, and it goes back to the bill that it stood on (BIL-27)")
    func refund() async throws {
        let scene = try await LedgerScene()
        try await scene.start(in: 0)
        scene.clock.advance(by: .seconds(600))
        try await scene.end(0, at: scene.clock.now())
        try await scene.settleAll()
        let charge = try #require(try await scene.store.read { try $0.entry(1) })
        let month = try #require(charge.month)
        let whole = Points(micro: -charge.amount.micro)
        let (ledger, caller, workspace) = (scene.ledger, scene.operatorCaller, scene.workspaces[0])
        let most = try whole.subtracting(Points(micro: 1))
        _ = try await ledger.refund(entry: 1, amount: most, note: "", key: scene.key("a"), caller: caller)
        let second = try scene.key("b")
        await #expect(throws: WeirError.refundTooLarge(left: Points(micro: 1))) {
            try await ledger.refund(entry: 1, amount: Points(micro: 2), note: "", key: second, caller: caller)
        }
        _ = try await ledger.refund(entry: 1, amount: Points(micro: 1), note: "", key: second, caller: caller)
        // Repeated after it is all given back: told what is there.
        let again = try await ledger.refund(entry: 1, amount: most, note: "", key: scene.key("a"), caller: caller)
        #expect(!again.isNew)
        #expect(try await scene.balance(0) == 0)
        #expect(try await scene.store.read { try $0.spending(of: workspace, in: month) } == 0)
        #expect(try await ledger.verify(by: caller).difference == nil)
    }

    @Test("a balance that comes to zero is used up since then, and no longer when it is above (BIL-18)")
    func usedUp() async throws {
        let scene = try await LedgerScene()
        let workspace = scene.workspaces[0]
        func state() async throws -> WorkspaceBalance { try await scene.store.read { try $0.balance(of: workspace) } }
        func enter(_ amount: Points, _ key: String) async throws {
            _ = try await scene.ledger.correct(
                workspace, by: amount, of: .grants, note: "test", key: scene.key(key), caller: scene.operatorCaller)
            scene.clock.advance(by: .seconds(1))
        }
        try await enter(10, "a")
        #expect(try await state().usedUpSince == nil)
        let moment = scene.clock.now()
        try await enter(-10, "b")
        #expect(try await state() == WorkspaceBalance(balance: 0, usedUpSince: moment))
        try await enter(-10, "c")
        #expect(try await state().usedUpSince == moment)
        #expect(try await scene.store.read { try $0.workspacesUsedUp(since: moment) }.map(\.workspace) == [workspace])
        try await enter(Points(micro: 10_000_001), "d")
        #expect(try await state() == WorkspaceBalance(balance: Points(micro: 1), usedUpSince: nil))
    }

    @Test("what would not fit into an account is refused, and nothing is entered (BIL-02)")
    func tooLarge() async throws {
        let scene = try await LedgerScene()
        let workspace = scene.workspaces[0]
        let now = scene.clock.now()
        func post(_ amount: Points, _ key: String) async throws {
            let posting = Posting(workspace: workspace, kind: .grant, counter: .grants, amount: amount, key: key)
            try await scene.store.write { _ = try $0.post(posting, at: now) }
        }
        try await post(Points.most, "a")
        await #expect(throws: WeirError.amountTooLarge()) { try await post(Points(micro: 1), "b") }
        #expect(try await scene.store.read { try $0.ledgerHead() }.sequence == 1)
        #expect(try await scene.store.read { try $0.sumOfBalances() } == 0)
        await #expect(throws: WeirError.self) {
            try await scene.ledger.recharge(
                workspace, by: Points(micro: Ledger.mostAtOnce.micro + 1), reference: "", key: scene.key("c"),
                caller: scene.operatorCaller)
        }
    }
}
