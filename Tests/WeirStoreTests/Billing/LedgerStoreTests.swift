import Crypto
import Foundation
import GRDB
import TestSupport
import Testing
import WeirModel

@testable import WeirStore

@Suite("The ledger in the store")
struct LedgerStoreTests {
    @Test("the same posting twice is one entry; another one under its key is refused (BIL-05)")
    func keys() async throws {
        let fixture = try await StoreFixture()
        let posting = Posting(
            workspace: fixture.workspace, kind: .recharge, counter: .payments, amount: 5, key: "k", reference: "r", note: "n")
        let now = fixture.now
        let (first, second) = try await fixture.store.write { db in
            (try db.post(posting, at: now), try db.post(posting, at: now + .seconds(1)))
        }
        #expect(first.isNew && !second.isNew && first.entry == second.entry)
        for other in [
            Posting(workspace: posting.workspace, kind: .recharge, counter: .payments, amount: 6, key: "k", reference: "r", note: "n"),
            Posting(workspace: posting.workspace, kind: .grant, counter: .payments, amount: 5, key: "k", reference: "r", note: "n"),
            Posting(workspace: posting.workspace, kind: .recharge, counter: .payments, amount: 5, key: "k", reference: "r"),
        ] {
            await #expect(throws: WeirError.ledgerKeyTaken("k")) { try await fixture.store.write { _ = try $0.post(other, at: now) } }
        }
        #expect(try await fixture.store.read { try $0.ledgerHead() }.sequence == 1)
    }

    @Test("the hash is SHA-256 over the hash before and the fields as length:bytes, as the manual says")
    func canonicalForm() async throws {
        let fixture = try await StoreFixture()
        let posting = Posting(
            workspace: fixture.workspace, kind: .correction, counter: .revenue, amount: Points(micro: -12_345_678_901), key: "ключ",
            month: BillMonth(year: 2026, month: 2), actor: fixture.account, note: "a-b:c")
        let now = fixture.now
        let entry = try await fixture.store.write { try $0.post(posting, at: now).entry }
        func field(_ text: String) -> String { "\(text.utf8.count):\(text)" }
        let fields =
            [
                "1", "\(now.milliseconds)", fixture.workspace.text, "correction", "revenue", "-12345678901", "ключ", "2026-02",
            ].map(field).joined() + "---------" + field(fixture.account.text) + "-" + field("a-b:c")
        let expected = SHA256.hash(data: Data(repeating: 0, count: 32) + Data(fields.utf8))
        #expect(entry.hash == Data(expected))
    }

    @Test("the start of a run stands under the hash, after all other fields; an entry without one is hashed as before it stood there")
    func startUnderHash() throws {
        let (now, identifiers) = (Timestamp(milliseconds: 1_770_000_000_000), RandomIdentifiers())
        let run = RunIdentity(workload: identifiers.next(Workload.self, at: now), number: 2)
        func content(_ start: Timestamp?) -> String {
            let posting = Posting(
                workspace: identifiers.next(Workspace.self, at: now), kind: .charge, counter: .revenue, amount: -1, key: "k", run: run,
                minutes: ChargedMinutes(start: start, before: 0, after: 60, corrections: 0, end: nil))
            return String(decoding: posting.content, as: UTF8.self)
        }
        #expect(content(nil).hasSuffix("1:21:02:601:0-----"))
        #expect(content(now).hasSuffix("1:21:02:601:0-----13:1770000000000"))
    }

    @Test("what was entered cannot be changed or deleted")
    func appendOnly() async throws {
        let fixture = try await StoreFixture()
        let now = fixture.now
        let posting = Posting(workspace: fixture.workspace, kind: .grant, counter: .grants, amount: 1, key: "k")
        try await fixture.store.write { _ = try $0.post(posting, at: now) }
        for sql in ["UPDATE ledger_entry SET note = 'x'", "DELETE FROM ledger_entry"] {
            await #expect(throws: DatabaseError.self) { try await fixture.store.write { try $0.db.execute(sql: sql) } }
        }
    }

    @Test("a settlement is entered once, and not at all when the run's start, end or settlement is no longer what it was planned with")
    func compareAndSet() async throws {
        let fixture = try await StoreFixture()
        let job = try fixture.job("train")
        try await fixture.insert(job)
        let (start, id) = (fixture.now, job.id)
        let end = start + .seconds(90 * 60)
        func set(_ sql: String, _ value: Timestamp?) async throws {
            try await fixture.store.write { try $0.db.execute(sql: "UPDATE run SET \(sql) = ?", arguments: [value]) }
        }
        try await set("running_at", start)
        let calendar = try BillingCalendar(zone: "UTC")
        func plan() async throws -> RunSettlement {
            let due = try #require(try await fixture.store.read { try $0.unsettledRuns() }.first)
            return try RunSettlement(due, now: start + .seconds(2 * 3600), calendar: calendar)
        }
        func settle(_ settlement: RunSettlement) async throws -> Bool {
            try await fixture.store.write { try $0.settle([settlement], at: start) }.applied.contains(settlement.due.run.run)
        }
        let running = try await plan()
        try await set("ended_at", end)
        #expect(try await !settle(running))
        let ended = try await plan()
        try await set("ended_at", end + .milliseconds(1))
        #expect(try await !settle(ended))
        try await set("ended_at", end)
        try await set("running_at", start + .milliseconds(1))
        #expect(try await !settle(ended))
        try await set("running_at", start)
        #expect(try await settle(ended))
        #expect(try await !settle(ended))
        #expect(try await fixture.store.read { try $0.unsettledRuns() }.isEmpty)
        let workspace = fixture.workspace
        #expect(try await fixture.store.read { try $0.balance(of: workspace) }.balance == Points(micro: -1_500_000))
        let charges = try await fixture.store.read { try $0.charges(of: RunIdentity(workload: id, number: 1)) }
        #expect(try charges.map { try $0.charge(calendar: calendar) } == ended.plan.charges)
        let month = try #require(ended.plan.charges.first).month
        let sums = try await fixture.store.read { try $0.spendings(of: workspace, in: month) }
        #expect(
            sums == [
                .workspace: Points(micro: 1_500_000), .project(fixture.project): Points(micro: 1_500_000),
                .account(fixture.account): Points(micro: 1_500_000),
            ])
    }

    @Test("of a batch all are entered but a run whose key is taken, and nothing of that one (BIL-05)")
    func takenKey() async throws {
        let fixture = try await StoreFixture()
        let calendar = try BillingCalendar(zone: "UTC")
        let start = fixture.now
        var jobs: [Identifier<Workload>] = []
        for number in 0..<3 {
            let job = try fixture.job("train-\(number)")
            try await fixture.insert(job)
            jobs.append(job.id)
        }
        let (workspace, taken) = (fixture.workspace, jobs[1])
        try await fixture.store.write { db in
            try db.db.execute(sql: "UPDATE run SET running_at = ?", arguments: [start])
            // Two hours are due, and the key of the second is there already.
            try db.post(
                Posting(workspace: workspace, kind: .grant, counter: .grants, amount: 1, key: "run/\(taken)/1/0/20"), at: start)
        }
        let due = try await fixture.store.read { try $0.unsettledRuns() }
        let now = BillingCalendar.hourStart(start) + .seconds(2 * 3600)
        let settlements = try due.map { try RunSettlement($0, now: now, calendar: calendar) }
        let batch = try await fixture.store.write { try $0.settle(settlements, at: now) }
        #expect(batch.applied.map(\.workload).sorted() == jobs.filter { $0 != taken }.sorted())
        let charges = settlements.filter { $0.due.run.run.workload != taken }.flatMap(\.plan.charges)
        #expect(try await fixture.store.read { try $0.ledgerHead() }.sequence == Int64(charges.count) + 1)
        let left = try await fixture.store.read { try $0.unsettledRun(RunIdentity(workload: taken, number: 1)) }
        #expect(left?.settled == Settled.none)
        #expect(try await fixture.store.read { try $0.sumOfBalances() } == 0)
    }

    @Test(
        "each narrowing of a statement walks an index in its order, and sorts nothing but one workload's entries",
        arguments: [
            (EntryFilter(), "ledger_entry_workspace"), (EntryFilter(kind: .charge), "ledger_entry_workspace"),
            (EntryFilter(kind: .recharge), "ledger_entry_rare"),
            (EntryFilter(month: BillMonth(year: 2026, month: 1)), "ledger_entry_month"),
            (EntryFilter(project: Identifier(at: Timestamp(milliseconds: 0), randomness: (1, 1))), "ledger_entry_project"),
            (EntryFilter(account: Identifier(at: Timestamp(milliseconds: 0), randomness: (1, 1))), "ledger_entry_account"),
            (EntryFilter(workload: Identifier(at: Timestamp(milliseconds: 0), randomness: (1, 1))), "sqlite_autoindex_ledger_entry_1"),
        ])
    func plans(_ filter: EntryFilter, _ index: String) async throws {
        let fixture = try await StoreFixture()
        let workspace = fixture.workspace
        let plan = try await fixture.store.read { db in
            let statement = Reading.entriesStatement(of: workspace, filter, PageRequest())
            return try Row.fetchAll(db.db, sql: "EXPLAIN QUERY PLAN " + statement.sql, arguments: statement.arguments)
                .map { $0["detail"] as String }.joined(separator: "\n")
        }
        #expect(plan.contains("USING INDEX \(index)"), "\(plan)")
        #expect(plan.contains("TEMP B-TREE") == (filter.workload != nil), "\(plan)")
    }

    @Test("what runs and is let in is found by the states of a workspace, and what has ended among the unsettled alone (BIL-18, review 1)")
    func commitmentsPlan() async throws {
        let fixture = try await StoreFixture()
        let (workspace, now) = (fixture.workspace, fixture.now)
        let plan = try await fixture.store.read { db in
            try Row.fetchAll(db.db, sql: "EXPLAIN QUERY PLAN " + Reading.commitmentsQuery, arguments: [now, workspace])
                .map { $0["detail"] as String }.joined(separator: "\n")
        }
        #expect(plan.contains("workload_state (workspace=? AND state=?)"), "\(plan)")
        // Some builds of SQLite call it a scan to go through an index that holds nothing else.
        let walked = plan.split(separator: "\n").filter { $0.contains("SCAN") && !$0.contains("run_over") }
        #expect(walked.isEmpty && plan.contains("run USING INDEX run_over"), "\(plan)")
    }

    @Test("other payments with a reference are found among what a workspace paid, not among all that anybody did (review 8)")
    func paymentPlans() async throws {
        let fixture = try await StoreFixture()
        let workspace = fixture.workspace
        let (recharge, twice) = try await fixture.store.read { db in
            func plan(_ sql: String, _ arguments: StatementArguments = []) throws -> String {
                try Row.fetchAll(db.db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments)
                    .map { $0["detail"] as String }.joined(separator: "\n")
            }
            return (try plan(Reading.rechargeQuery, [workspace, "key"]), try plan(Reading.paidTwiceQuery))
        }
        #expect(recharge.contains("ledger_entry_rare (workspace=? AND kind=?)"), "\(recharge)")
        #expect(twice.contains("first USING INDEX ledger_entry_rare (workspace=? AND kind=? AND sequence<?)"), "\(twice)")
        #expect(!twice.contains("TEMP B-TREE"), "\(twice)")
    }

    @Test("what is late or was started without money is found in one pass through each index, whatever the ledger holds (review 13)")
    func findingPlans() async throws {
        let fixture = try await StoreFixture()
        let (starts, late, storage) = try await fixture.store.read { db in
            func plan(_ sql: String, _ arguments: StatementArguments) throws -> String {
                try Row.fetchAll(db.db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments)
                    .map { $0["detail"] as String }.joined(separator: "\n")
            }
            return (
                try plan(Reading.unpaidStartsQuery, [60_000]), try plan(Reading.neverSettledQuery, [0, 0, 0]),
                try plan(Reading.storageUnchargedQuery, [0])
            )
        }
        #expect(starts.contains("ledger_entry USING INDEX ledger_entry_workspace"), "\(starts)")
        #expect(starts.contains("ledger_entry_month (workspace=? AND month=?)"), "\(starts)")
        #expect(starts.contains("transition USING INDEX transition_workload (workload=?)"), "\(starts)")
        #expect(late.contains("run USING INDEX run_unsettled") && !late.contains("SCAN workload"), "\(late)")
        #expect(storage.contains("sample USING PRIMARY KEY (workspace=? AND account=? AND hour>?)"), "\(storage)")
    }

    @Test("a page of a bill is found by its lines and their keys, not by walking the month; it is the same as all lines at once (BIL-22)")
    func billPages() async throws {
        let fixture = try await StoreFixture()
        let calendar = try BillingCalendar(zone: "UTC")
        let (workspace, start) = (fixture.workspace, fixture.now)
        for number in 0..<7 { try await fixture.insert(try fixture.job("train-\(number)")) }
        try await fixture.store.write { try $0.db.execute(sql: "UPDATE run SET running_at = ?", arguments: [start]) }
        // Over the end of a month, hour by hour.
        for hour in [1, 2, 900, 901] {
            let due = try await fixture.store.read { try $0.unsettledRuns() }
            let now = BillingCalendar.hourStart(start) + .seconds(3600 * hour)
            let settlements = try due.map { try RunSettlement($0, now: now, calendar: calendar) }
            _ = try await fixture.store.write { try $0.settle(settlements, at: now) }
        }
        for month in try [calendar.month(of: start), calendar.month(of: start + .seconds(3600 * 900))] {
            let all = try await fixture.store.read { try $0.largestBillLines(of: workspace, in: month, most: 100) }
            var pages: [BillLineRecord] = []
            var after: String?
            repeat {
                let request = PageRequest(limit: 3, after: after)
                let page = try await fixture.store.read { try $0.billLines(of: workspace, in: month, BillFilter(), request) }
                pages += page.items
                after = page.next
            } while after != nil
            #expect(pages.count == 7 && Set(pages) == Set(all))
            #expect(pages.map(\.first) == pages.map(\.first).sorted(by: >))
        }
        let plan = try await fixture.store.read { db in
            let month = try calendar.month(of: start)
            let (sql, arguments) = Reading.billPage(of: workspace, in: month, BillFilter(kind: .job), PageRequest())
            return try Row.fetchAll(db.db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments)
                .map { $0["detail"] as String }.joined(separator: "\n")
        }
        #expect(plan.contains("line USING PRIMARY KEY (workspace=? AND month=? AND first<?)"), "\(plan)")
        #expect(plan.contains("e USING INDEX sqlite_autoindex_ledger_entry_1 (key>? AND key<?)"), "\(plan)")
    }

    @Test("what is due is found without walking the runs that are settled")
    func duePlan() async throws {
        let fixture = try await StoreFixture()
        let plan = try await fixture.store.read { db in
            try Row.fetchAll(
                db.db,
                sql: """
                    EXPLAIN QUERY PLAN SELECT run.workload FROM run INDEXED BY run_unsettled JOIN workload ON workload.id = run.workload
                    WHERE run.running_at IS NOT NULL AND run.price IS NOT NULL AND run.settled_at IS NULL
                    AND (run.workload, run.number) > ('', 0) ORDER BY run.workload, run.number LIMIT 10
                    """
            ).map { $0["detail"] as String }.joined(separator: "\n")
        }
        #expect(plan.contains("run_unsettled") && !plan.contains("TEMP B-TREE"), "\(plan)")
    }

    @Test("a part of a statement goes on where the one before ended")
    func pages() async throws {
        let fixture = try await StoreFixture()
        let (workspace, now) = (fixture.workspace, fixture.now)
        try await fixture.store.write { db in
            for number in 1...7 {
                try db.post(
                    Posting(workspace: workspace, kind: .grant, counter: .grants, amount: Points(micro: Int64(number)), key: "\(number)"),
                    at: now)
            }
        }
        var seen: [Int64] = []
        var page: String?
        repeat {
            let request = PageRequest(limit: 3, after: page)
            let part = try await fixture.store.read { try $0.entries(of: workspace, EntryFilter(), request) }
            seen += part.items.map(\.amount.micro)
            page = part.next
        } while page != nil
        #expect(seen == [7, 6, 5, 4, 3, 2, 1])
    }

    @Test("what was paid and is on no invoice can be invoiced (BIL-24)")
    func invoiceable() async throws {
        let fixture = try await StoreFixture()
        let (workspace, now, account) = (fixture.workspace, fixture.now, fixture.account)
        let invoice = InvoiceRecord(
            id: fixture.identifiers.next(Invoice.self, at: now), workspace: workspace, title: "Lab", taxNumber: "1", amount: 4, note: "",
            requestedBy: account, requestedAt: now)
        func left() async throws -> Points { try await fixture.store.read { try $0.invoiceable(of: workspace) } }
        try await fixture.store.write { db in
            try db.post(Posting(workspace: workspace, kind: .recharge, counter: .payments, amount: 10, key: "a"), at: now)
            try db.post(Posting(workspace: workspace, kind: .grant, counter: .grants, amount: 90, key: "b"), at: now)
            try db.post(Posting(workspace: workspace, kind: .correction, counter: .payments, amount: -1, key: "c"), at: now)
            try db.insert(invoice)
        }
        #expect(try await left() == 5)
        var rejected = invoice
        (rejected.state, rejected.answeredBy, rejected.answeredAt, rejected.reason) = (.rejected, account, now, "wrong title")
        let answer = rejected
        #expect(try await fixture.store.write { try $0.answer(answer, file: nil) })
        #expect(try await !fixture.store.write { try $0.answer(answer, file: nil) })
        #expect(try await left() == 9)
    }
}
