public import Foundation
import GRDB
public import WeirModel

/// An entry as it stands on a bill: with what it was computed from, the people and things that it names, and the hash before it.
public struct BillEntryRecord: Hashable, Sendable {
    public let entry: LedgerEntry
    /// Nil for what is no charge.
    public let charge: ChargeRecord?
    public let previousHash: Data
    public let name: String?
    public let kind: WorkloadKind?
    public let projectName: String?
    public let login: String?
}

extension Reading {
    /// The entries of a month's bill in their order: those after the entry `cursor`.
    public func billEntries(
        of workspace: Identifier<Workspace>, in month: BillMonth, after cursor: Int64 = 0, limit: Int = 500
    ) throws -> [BillEntryRecord] {
        var prices = PriceTexts()
        return try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT \(Self.chargeColumns), before.hash AS previous_hash, project.name AS project_name, account.login AS login
                    FROM ledger_entry INDEXED BY ledger_entry_month \(Self.chargeJoins)
                    LEFT JOIN ledger_entry AS before ON before.sequence = ledger_entry.sequence - 1
                    LEFT JOIN project ON project.id = ledger_entry.project LEFT JOIN account ON account.id = ledger_entry.account
                    WHERE ledger_entry.workspace = ? AND ledger_entry.month = ? AND ledger_entry.sequence > ?
                    ORDER BY ledger_entry.sequence LIMIT ?
                    """), arguments: [workspace, month, cursor, limit]
        ).map { row in
            let entry = try LedgerEntry(row)
            return BillEntryRecord(
                entry: entry, charge: entry.kind == .charge ? try ChargeRecord(row, &prices) : nil,
                previousHash: try row.take("previous_hash") ?? LedgerHead.none.hash, name: try row.take("workload_name"),
                kind: row["workload_kind"] == nil ? nil : try row.raw("workload_kind"),
                projectName: try row.take("project_name"), login: try row.take("login"))
        }
    }
}
