import Foundation
import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Ledger: verification names the first thing that is wrong (BIL-27)")
struct LedgerVerificationTests {
    /// Entries 1 and 2 are recharges, 3 and 4 charges of the first run in November, 5 its charge in December, 6 that of the second run,
    /// 7 a refund of 3, 8 storage.
    private func scene() async throws -> LedgerScene {
        let scene = try await LedgerScene(at: "2026-11-30T14:10:00Z")
        for workspace in 0..<2 {
            _ = try await scene.ledger.recharge(
                scene.workspaces[workspace], by: 100, reference: "transfer \(workspace)", key: scene.key("r\(workspace)"),
                caller: scene.operatorCaller)
        }
        try await scene.start(in: 0)
        scene.clock.advance(by: .seconds(7200))
        try await scene.end(0, at: scene.clock.now())
        try await scene.settleAll()
        try await scene.start(in: 1, environment: true)
        scene.clock.advance(by: .seconds(600))
        try await scene.end(1, at: scene.clock.now())
        try await scene.settleAll()
        _ = try await scene.ledger.refund(
            entry: 3, amount: Points(micro: 1), note: "", key: scene.key("back"), caller: scene.operatorCaller)
        let day = BillDay(month: BillMonth(year: 2026, month: 11), day: 30)
        let hour = try scene.calendar.bounds(of: day).lowerBound
        let tariff = try await scene.tariffs.inForce()
        let storage = try StorageCharge(
            meter: .library(scene.workspaces[0]), day: day,
            samples: [StorageSample(at: hour, bytes: [.datasets: .gib(60)])], earlier: nil, tariff: tariff, calendar: scene.calendar)
        let charge = try Charge(.storage(storage), calendar: scene.calendar)
        let now = scene.clock.now()
        try await scene.store.write { _ = try $0.post(storage: charge, at: now) }
        return scene
    }

    @Test("a ledger that nobody touched is right from its first entry to its last")
    func sound() async throws {
        let scene = try await scene()
        let verification = try await scene.ledger.verify(by: scene.operatorCaller)
        #expect(verification.difference == nil, "\(verification.difference?.text.en ?? "")")
        #expect(verification.entries == 8)
        let again = try await scene.ledger.verify(noted: verification.head, by: scene.operatorCaller)
        #expect(again.difference == nil)
    }

    @Test(
        "each change behind Weir's back is found, with its place",
        arguments: [
            ("UPDATE ledger_entry SET amount = amount + 1 WHERE sequence = 2", 2, "hash"),
            ("UPDATE ledger_entry SET note = 'other' WHERE sequence = 1", 1, "hash"),
            ("UPDATE ledger_entry SET at = at - 1 WHERE sequence = 5", 5, "hash"),
            ("UPDATE ledger_entry SET hash = zeroblob(32) WHERE sequence = 4", 4, "hash"),
            ("UPDATE ledger_entry SET month = 'never' WHERE sequence = 3", 3, "columns"),
            ("UPDATE ledger_entry SET workspace = 'nobody' WHERE sequence = 6", 6, "columns"),
            ("DELETE FROM ledger_entry WHERE sequence = 3", 4, "sequence"),
            ("UPDATE run SET price = replace(price, '1.234567', '1.234566')", 3, "price"),
            ("UPDATE run SET tariff = 9", 3, "tariff"),
            ("UPDATE tariff SET document = replace(document, '1.234567', '1.234566')", 3, "price"),
            ("UPDATE run SET running_at = running_at + 36000000", 3, "start"),
            // No minute and no month changes by it.
            ("UPDATE run SET running_at = running_at + 60000, ended_at = ended_at + 60000", 3, "start"),
            ("UPDATE run SET running_at = running_at - 1", 3, "start"),
            ("UPDATE run SET ended_at = ended_at + 60000", 5, "minutes_after"),
            ("UPDATE workload SET workspace = (SELECT id FROM workspace WHERE id <> workload.workspace)", 3, "workspace"),
            ("UPDATE ledger_account SET balance = balance + 1 WHERE id LIKE 'wsp%'", nil, "balance"),
            ("UPDATE spending SET amount = amount - 1 WHERE scope = 'workspace'", nil, "spending"),
            ("UPDATE ledger_account SET used_up_since = 1 WHERE id LIKE 'wsp%'", nil, "used_up_since"),
            ("DELETE FROM spending WHERE scope = 'workspace'", nil, "spending"),
            ("DELETE FROM ledger_entry WHERE sequence = 8", nil, "balance"),
        ] as [(String, Int64?, String)])
    func tampered(sql: String, sequence: Int64?, field: String) async throws {
        let scene = try await scene()
        try scene.tamper(sql)
        let difference = try #require(try await scene.ledger.verify(by: scene.operatorCaller).difference)
        #expect(difference.sequence == sequence, "\(difference.text.en)")
        #expect(difference.field == field, "\(difference.text.en)")
    }

    @Test("an entry with an amount of its own is found although its hash, balances and spendings were computed to fit it")
    func rehashed() async throws {
        let scene = try await scene()
        let entry = try #require(try await scene.store.read { try $0.entry(6) })
        let posting = entry.posting
        let wrong = Posting(
            workspace: posting.workspace, kind: posting.kind, counter: posting.counter, amount: Points(micro: posting.amount.micro + 5),
            key: posting.key, month: posting.month, project: posting.project, account: posting.account, run: posting.run,
            minutes: posting.minutes)
        try scene.tamper("DELETE FROM ledger_entry WHERE sequence > 5")
        let at = entry.at
        // The platform's own way to enter it: everything fits but the amount.
        try await scene.store.write { _ = try $0.post(wrong, at: at) }
        let difference = try #require(try await scene.ledger.verify(by: scene.operatorCaller).difference)
        #expect(difference.sequence == 6 && difference.field == "amount", "\(difference.text.en)")
    }

    @Test("a ledger from before starts stood in it is right, and keeps its hashes")
    func withoutStarts() async throws {
        let scene = try await scene()
        let entries = try await scene.store.read { db in try (1...8).map { try #require(try db.entry($0)) } }
        try scene.tamper("DELETE FROM ledger_entry; DELETE FROM ledger_account; DELETE FROM spending")
        for entry in entries {
            let posting = entry.posting
            #expect((posting.minutes?.start == nil) == (posting.run == nil || posting.minutes == nil))
            let older = Posting(
                workspace: posting.workspace, kind: posting.kind, counter: posting.counter, amount: posting.amount, key: posting.key,
                month: posting.month, project: posting.project, account: posting.account, run: posting.run,
                minutes: posting.minutes.map {
                    ChargedMinutes(start: nil, before: $0.before, after: $0.after, corrections: $0.corrections, end: $0.end)
                }, basis: posting.basis, actor: posting.actor, reference: posting.reference, note: posting.note)
            try await scene.store.write { _ = try $0.post(older, at: entry.at) }
        }
        let verification = try await scene.ledger.verify(by: scene.operatorCaller)
        #expect(verification.difference == nil, "\(verification.difference?.text.en ?? "")")
        #expect(verification.entries == 8)
    }

    @Test("an end that was cut off with all that tells of it is found by an end that was noted before")
    func truncated() async throws {
        let scene = try await LedgerScene()
        for number in 0..<3 {
            _ = try await scene.ledger.recharge(
                scene.workspaces[0], by: 1, reference: "", key: scene.key("\(number)"), caller: scene.operatorCaller)
        }
        let noted = try await scene.ledger.verify(by: scene.operatorCaller).head
        try scene.tamper(
            """
            DELETE FROM ledger_entry WHERE sequence = 3; UPDATE ledger_account SET balance = 2000000 WHERE id LIKE 'wsp%';
            UPDATE ledger_account SET balance = -2000000 WHERE id = 'payments'
            """)
        #expect(try await scene.ledger.verify(by: scene.operatorCaller).difference == nil)
        let difference = try #require(try await scene.ledger.verify(noted: noted, by: scene.operatorCaller).difference)
        #expect(difference.field == "length")
    }

    @Test("only the operator verifies")
    func permission() async throws {
        let scene = try await LedgerScene()
        var account = scene.operatorCaller.account
        account.isOperator = false
        await #expect(throws: WeirError.operatorOnly()) { try await scene.ledger.verify(by: Caller(account)) }
    }
}
