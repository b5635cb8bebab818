import Foundation
import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirPlatform

@Suite("Nothing comes back, or in, twice")
struct GivenBackTests {
    /// A run of two hours that is settled, in December.
    private func scene() async throws -> (LedgerScene, [LedgerEntry]) {
        let scene = try await LedgerScene(at: "2026-12-02T09:00:00Z")
        try await scene.start(in: 0)
        scene.clock.advance(by: .seconds(7200))
        try await scene.settleAll()
        let workspace = scene.workspaces[0]
        let charges = try await scene.store.read { try $0.entries(of: workspace, EntryFilter(kind: .charge), PageRequest(limit: 10)).items }
        return (scene, charges.sorted { $0.sequence < $1.sequence })
    }

    private func refund(_ entry: LedgerEntry, _ amount: Points, _ scene: LedgerScene) async throws {
        _ = try await scene.ledger.refund(
            entry: entry.sequence, amount: amount, note: "", key: scene.key("\(entry.sequence)-\(amount)"), caller: scene.operatorCaller)
    }

    @Test("a charge that was refunded and whose minutes are then given back comes back once: the rest is taken back by an entry (F12)")
    func refundThenEnd() async throws {
        let (scene, charges) = try await scene()
        try await refund(charges[1], Points(micro: -charges[1].amount.micro), scene)
        // It turns out that it ended after a quarter of an hour.
        try await scene.end(0, at: Timestamp("2026-12-02T09:15:00Z") ?? scene.clock.now())
        try await scene.settleAll()
        let (workspace, run) = (scene.workspaces[0], scene.runs[0])
        let due = try run.price.amount(minutes: 15)
        let refunded = Points(micro: -charges[1].amount.micro)
        #expect(try await scene.balance(0) == Points(micro: -max(due, refunded).micro + refunded.micro))
        let entries = try await scene.store.read {
            try $0.entries(of: workspace, EntryFilter(kind: .correction), PageRequest(limit: 10)).items
        }
        #expect(entries.map(\.reference) == ["run/\(run.identity)"])
        let verification = try await scene.ledger.verify(by: scene.operatorCaller)
        #expect(verification.difference == nil, "\(verification.difference?.text.en ?? "")")
        #expect(verification.findings == [])
    }

    @Test("what came back twice is taken back on the bill on which it came back; line, total, file and table of it agree (review 5)")
    func takenBackOnItsBill() async throws {
        // In Shanghai 110 minutes of it are in November, and an hour that is over in December.
        let scene = try await LedgerScene(at: "2026-11-30T14:10:00Z")
        try await scene.start(in: 0)
        scene.clock.advance(by: .seconds(10_800))
        try await scene.settleAll()
        let workspace = scene.workspaces[0]
        let first = try #require(
            try await scene.store.read { try $0.entries(of: workspace, EntryFilter(kind: .charge), PageRequest(limit: 10)) }.items.last)
        try await refund(first, Points(micro: -first.amount.micro), scene)
        try await scene.end(0, at: try #require(Timestamp("2026-11-30T14:25:00Z")))
        try await scene.settleAll()

        let november = BillMonth(year: 2026, month: 11)
        let taken = try #require(
            try await scene.store.read { try $0.entries(of: workspace, EntryFilter(kind: .correction), PageRequest(limit: 10)) }
                .items.first)
        #expect(taken.month == november && taken.project == scene.projects[0] && taken.account == scene.operatorCaller.id)
        let bills = Bills(store: scene.store, clock: scene.clock, calendar: scene.calendar)
        for month in [november, BillMonth(year: 2026, month: 12)] {
            let bill = try await bills.bill(of: workspace, in: month, BillFilter(), PageRequest(), for: scene.operatorCaller)
            #expect(bill.monthTotal == 0 && bill.lines.items.map(\.record.amount) == [0], "\(month)")
            let largest = try await scene.store.read { try $0.largestBillLines(of: workspace, in: month, most: 10) }
            #expect(largest == bill.lines.items.map(\.record))
            let export = try await bills.export(of: workspace, in: month, for: scene.operatorCaller)
            var file = Data()
            try await export.write(.json) { file.append(contentsOf: $0) }
            let found = try BillVerification(file)
            #expect(found.difference == nil && found.total == 0, "\(month): \(found.difference?.text.en ?? "")")
            var table = Data()
            try await export.write(.csv) { table.append(contentsOf: $0) }
            let rows = String(decoding: table, as: UTF8.self).split(separator: "\r\n").dropFirst()
            let amounts = try rows.map { row in
                try #require(Points(String(row.split(separator: ",", omittingEmptySubsequences: false)[11])))
            }
            #expect(amounts.count == found.entries)
            #expect(try Points.sum(amounts) == 0)
            #expect(rows.filter { $0.contains(",correction,job,") }.count == (month == november ? 1 : 0))
        }
        #expect(try await scene.balance(0) == 0)
        #expect(try await scene.ledger.verify(by: scene.operatorCaller).difference == nil)
    }

    @Test("minutes that were given back are not refunded as well (F12)")
    func endThenRefund() async throws {
        let (scene, charges) = try await scene()
        try await scene.end(0, at: Timestamp("2026-12-02T09:15:00Z") ?? scene.clock.now())
        try await scene.settleAll()
        let due = try scene.runs[0].price.amount(minutes: 15)
        let error = await #expect(throws: WeirError.self) { try await refund(charges[0], due.adding(Points(micro: 1)), scene) }
        #expect(error?.code == "refund_too_large")
        try await refund(charges[0], due, scene)
        #expect(try await scene.balance(0) == 0)
    }

    @Test("one payment is entered once, also by two operators with keys of their own (F13)")
    func payment() async throws {
        let scene = try await LedgerScene()
        func recharge(_ workspace: Int, _ reference: String, _ key: String) async throws -> Posted {
            try await scene.ledger.recharge(
                scene.workspaces[workspace], by: 1000, reference: reference, key: scene.key(key), caller: scene.operatorCaller)
        }
        _ = try await recharge(0, "bank 4711", "a")
        let error = await #expect(throws: WeirError.self) { _ = try await recharge(0, "bank 4711", "b") }
        #expect(error?.code == "reference_taken")
        #expect(error?.message.en.contains("entry 1") == true)
        #expect(try await !recharge(0, "bank 4711", "a").isNew)
        // One transfer may be for two workspaces, and what has no reference is not compared.
        _ = try await recharge(1, "bank 4711", "c")
        for key in ["d", "e"] { _ = try await recharge(0, "", key) }
        #expect(try await scene.balance(0) == 3000)
    }

    @Test("a space, a capital or a wide letter more makes no other payment, and what was typed is kept (faults G3)")
    func samePayment() async throws {
        let scene = try await LedgerScene()
        func recharge(_ reference: String, _ key: String) async throws -> Posted {
            try await scene.ledger.recharge(
                scene.workspaces[0], by: 1000, reference: reference, key: scene.key(key), caller: scene.operatorCaller)
        }
        #expect(try await recharge(" Bank  Transfer 77 ", "a").entry.posting.reference == "Bank  Transfer 77")
        for (number, same) in ["Bank  Transfer 77", "bank transfer 77", "BANK TRANSFER 77\n", "Ｂａｎｋ　Transfer\t７７"].enumerated() {
            let error = await #expect(throws: WeirError.self) { _ = try await recharge(same, "b\(number)") }
            #expect(error?.code == "reference_taken", "\(same)")
        }
        #expect(try await !recharge("Bank  Transfer 77", "a").isNew)
        _ = try await recharge("bank transfer 78", "c")
        for key in ["d", "e"] { #expect(try await recharge("  ", key).entry.posting.reference == nil) }
        #expect(try await scene.balance(0) == 4000)
    }

    @Test("what older rules let happen is named by the verification until a correction settles it (F1, F5, F12, F13, hostile 8, bugs F9)")
    func findings() async throws {
        let scene = try await LedgerScene(at: "2026-12-02T09:00:00Z")
        // After its first price list began.
        scene.clock.advance(by: .seconds(60))
        let perHour = try await scene.start(in: 0).price.amount(minutes: 60)
        try await scene.start(in: 1, environment: true)
        try await scene.start(in: 0)
        for key in ["a", "b"] {
            _ = try await scene.ledger.recharge(
                scene.workspaces[0], by: 10, reference: key, key: scene.key(key), caller: scene.operatorCaller)
        }
        scene.clock.advance(by: .seconds(3600))
        for run in 0..<3 { try await scene.end(run, at: scene.clock.now()) }
        try await scene.settleAll()
        #expect(try await scene.ledger.verify(by: scene.operatorCaller).findings == [])

        let (first, lab, third) = (scene.runs[0].identity, scene.runs[1].identity, scene.runs[2].identity)
        let twice = try perHour.adding(perHour)
        // As they stood under the rules of then.
        try scene.tamper(
            """
            INSERT INTO transition (workload, workspace, run, at, before, state, cause)
                SELECT id, workspace, 1, created_at - 1, 'deploying', 'stopping', 'stop_requested' FROM workload WHERE id = '\(first.workload)';
            UPDATE run SET priced_at = NULL WHERE workload = '\(third.workload)';
            INSERT INTO tariff (number, starts_at, document, created_at)
                SELECT 9, (SELECT running_at FROM run WHERE workload = '\(third.workload)'),
                json_set(document, '$.flavors[0].perHour', '\(twice)'), 0 FROM tariff WHERE number = 1;
            UPDATE ledger_entry SET reference = 'bank 1' WHERE kind = 'recharge';
            """)
        let now = scene.clock.now()
        let found = try await scene.store.read { try $0.ledgerFindings(most: 10, at: now) }
        let byCode = Dictionary(grouping: found, by: \.code)
        #expect(byCode[.chargedBeforeRunning]?.map(\.subject) == [first.description])
        #expect(byCode[.chargedBeforeRunning]?.first?.amount == perHour)
        #expect(byCode[.priceOfSubmission]?.map(\.subject) == [third.description])
        #expect(byCode[.priceOfSubmission]?.first?.amount == Points(micro: -perHour.micro))
        #expect(byCode[.paymentTwice]?.map(\.amount) == [-10])
        #expect(byCode[.unpaidCompute] == nil)

        try scene.tamper("UPDATE run SET running_at = NULL, settled_minutes = 0 WHERE workload = '\(lab.workload)'")
        let unpaid = try await scene.store.read { try $0.ledgerFindings(most: 10, at: now) }.filter { $0.code == .unpaidCompute }
        #expect(unpaid.map(\.subject) == [lab.description])
        #expect(unpaid.first?.amount == Points(micro: -(try scene.runs[1].price.amount(minutes: 58)).micro))

        for (index, finding) in found.enumerated() {
            guard let workspace = finding.workspace, let amount = finding.amount else { continue }
            _ = try await scene.ledger.correct(
                workspace, by: amount, of: .revenue, reference: finding.reference, note: "older rules", key: scene.key("c\(index)"),
                caller: scene.operatorCaller)
        }
        let left = try await scene.store.read { try $0.ledgerFindings(most: 10, at: now) }
        #expect(left.map(\.code) == [.unpaidCompute])
    }
}
