import Foundation
import GRDB
public import WeirModel

/// An entry with all that the installation has recorded about what it charges or gives back.
public struct AuditedEntry: Sendable {
    public let sequence: Int64
    /// Nil when the row holds what Weir never writes.
    public let entry: LedgerEntry?
    public let run: AuditedRun?
    /// The charge that a refund names.
    public let refunded: (sequence: Int64, workspace: Identifier<Workspace>, amount: Points)?
}

/// What is recorded of the run that an entry charges.
public struct AuditedRun: Sendable {
    public let start: Timestamp?
    public let end: Timestamp?
    /// JSON of its `RunPrice`, fixed when it started.
    public let price: String?
    public let tariff: Int?
    /// JSON of its `Flavor`.
    public let flavor: String
    public let replicas: Int
    public let kind: WorkloadKind
    public let settled: Settled
    public let isSettled: Bool
    public let workspace: Identifier<Workspace>
    public let project: Identifier<Project>
    public let account: Identifier<Account>
    public let queuedAt: Timestamp
    /// The moment whose price list holds; nil of runs that began before it was noted.
    public let pricedAt: Timestamp?

    /// Nil where the run or its workload is not there. Its columns follow those of the entry in the order of `columns`.
    init?(_ row: Row) throws {
        guard row[Self.first + 4] != nil, row[Self.first + 10] != nil else { return nil }
        func take<Value: DatabaseValueConvertible>(_ place: Int) throws -> Value? { try row.take(place: Self.first + place) }
        func need<Value: DatabaseValueConvertible>(_ place: Int) throws -> Value {
            guard let value: Value = try take(place) else { throw CorruptColumn(column: "\(Self.first + place)", value: "NULL") }
            return value
        }
        start = try take(0)
        end = try take(1)
        price = try take(2)
        tariff = try take(3)
        flavor = try need(4)
        replicas = try need(5)
        settled = Settled(minutes: try need(6), corrections: try need(7))
        isSettled = row[Self.first + 8] != nil
        let text: String = try need(9)
        guard let kind = WorkloadKind(rawValue: text) else { throw CorruptColumn(column: "kind", value: text) }
        self.kind = kind
        workspace = try need(10)
        project = try need(11)
        account = try need(12)
        queuedAt = try need(13)
        pricedAt = try take(14)
    }

    fileprivate static let columns = """
        r.running_at, r.ended_at, r.price, r.tariff, r.flavor, r.replicas, r.settled_minutes, r.corrections, r.settled_at,
        w.kind, w.workspace, w.project, r.started_by, r.queued_at, r.priced_at
        """
    private static let first = LedgerEntry.columnCount
    fileprivate static let end = first + 15
}

extension Reading {
    /// The entries after `cursor` in order, each with what it is held against.
    public func auditedEntries(after cursor: Int64, limit: Int) throws -> [AuditedEntry] {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT e.*, \(AuditedRun.columns), c.sequence, c.workspace, c.amount
                    FROM ledger_entry AS e
                    LEFT JOIN run AS r ON r.workload = e.workload AND r.number = e.run
                    LEFT JOIN workload AS w ON w.id = e.workload
                    LEFT JOIN ledger_entry AS c ON e.kind = 'refund' AND c.key = e.reference AND c.kind = 'charge'
                    WHERE e.sequence > ? ORDER BY e.sequence LIMIT ?
                    """), arguments: [cursor, limit])
        var audited: [AuditedEntry] = []
        audited.reserveCapacity(limit)
        while let row = try rows.next() {
            var refunded: (Int64, Identifier<Workspace>, Points)?
            if let sequence: Int64 = try row.take(place: AuditedRun.end),
                let workspace: Identifier<Workspace> = try row.take(place: AuditedRun.end + 1),
                let amount: Int64 = try row.take(place: AuditedRun.end + 2)
            {
                refunded = (sequence, workspace, Points(micro: amount))
            }
            var entry: LedgerEntry?
            do { entry = try LedgerEntry(row) } catch is CorruptColumn { entry = nil }
            audited.append(
                AuditedEntry(sequence: row[0], entry: entry, run: try AuditedRun(row), refunded: refunded))
        }
        return audited
    }

    /// All balances by account of the ledger: one for each workspace, and the counters.
    public func ledgerAccounts() throws -> [(id: String, balance: WorkspaceBalance)] {
        try Row.fetchAll(db.cachedStatement(sql: "SELECT * FROM ledger_account ORDER BY id")).map {
            ($0["id"], WorkspaceBalance(balance: Points(micro: $0["balance"]), usedUpSince: $0["used_up_since"]))
        }
    }

    /// Goes through all spendings, one after the other; stops when `body` returns true.
    public func eachSpending(_ body: (_ workspace: String, _ month: String, _ scope: String, _ amount: Points) throws -> Bool) throws {
        let rows = try Row.fetchCursor(db, sql: "SELECT * FROM spending ORDER BY workspace, month, scope")
        while let row = try rows.next() {
            if try body(row["workspace"], row["month"], row["scope"], Points(micro: row["amount"])) { return }
        }
    }

    /// How far a run is settled by its own row; nil when there is no such run.
    public func settled(_ run: RunIdentity) throws -> Settled? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT settled_minutes, corrections FROM run WHERE workload = ? AND number = ?"),
            arguments: [run.workload, run.number]
        ).map { Settled(minutes: $0["settled_minutes"], corrections: $0["corrections"]) }
    }

    /// The minutes that all runs are settled by their own rows.
    public func settledMinutes() throws -> Int64 {
        try Int64.fetchOne(db, sql: "SELECT sum(settled_minutes) FROM run WHERE settled_minutes <> 0") ?? 0
    }

    /// The first run whose row says something else than its charges: looks each of them up, so only when it is known that there is one.
    public func runSettledOtherwise() throws -> String? {
        try String.fetchOne(
            db,
            sql: """
                SELECT workload || '/' || number FROM run WHERE settled_minutes <> (
                    SELECT coalesce(sum(minutes_after - minutes_before), 0) FROM ledger_entry
                    WHERE key > 'run/' || run.workload || '/' || run.number || '/'
                    AND key < 'run/' || run.workload || '/' || run.number || '0' AND kind = 'charge'
                ) LIMIT 1
                """)
    }

    /// What entries after `cursor`, up to `limit` places on, add up to by account of the ledger, in SQL alone.
    public func sumsOfEntries(after cursor: Int64, limit: Int64) throws -> [String: Int128] {
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                // In two halves, neither of which can overflow.
                sql: """
                    SELECT workspace, counter, sum(amount >> 20) AS high, sum(amount & 0xFFFFF) AS low FROM ledger_entry
                    WHERE sequence > ? AND sequence <= ? GROUP BY workspace, counter
                    """), arguments: [cursor, cursor + limit])
        var sums: [String: Int128] = [:]
        while let row = try rows.next() {
            let amount = (Int128(row["high"] as Int64) << 20) + Int128(row["low"] as Int64)
            sums[row["workspace"], default: 0] += amount
            sums[row["counter"], default: 0] -= amount
        }
        return sums
    }
}
