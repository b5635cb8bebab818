import Foundation
import GRDB
public import WeirModel

/// An entry of a charge with all that it was computed from.
public struct ChargeRecord: Hashable, Sendable {
    public let entry: LedgerEntry
    public let basis: Charge.Basis
    /// What ran, for people; nil for storage.
    public let name: String?
    public let kind: WorkloadKind?

    /// The charge, computed again from its basis.
    public func charge(calendar: BillingCalendar) throws -> Charge { try Charge(basis, calendar: calendar) }

    init(_ row: Row, _ prices: inout PriceTexts) throws {
        let entry = try LedgerEntry(row)
        self.entry = entry
        name = try row.take("workload_name")
        kind = row["workload_kind"] == nil ? nil : try row.raw("workload_kind")
        if let run = entry.run, let minutes = entry.minutes {
            let (before, after) = minutes.basis
            basis = .run(
                RunCharge(
                    run: run, start: try row.need("run_start"), end: minutes.end, price: try prices.price(row.need("run_price")),
                    before: before, after: after))
        } else if let storage = try entry.posting.storageCharge() {
            basis = .storage(storage)
        } else {
            throw CorruptColumn(column: "basis", value: entry.key)
        }
    }
}

extension Reading {
    static let chargeColumns = """
        ledger_entry.*, run.running_at AS run_start, run.price AS run_price, workload.name AS workload_name,
        workload.kind AS workload_kind
        """
    static let chargeJoins = """
        LEFT JOIN run ON run.workload = ledger_entry.workload AND run.number = ledger_entry.run
        LEFT JOIN workload ON workload.id = ledger_entry.workload
        """

    /// The charges of a workspace in a month, the oldest first: those after the entry `cursor`. A bill is made of all parts.
    public func charges(
        of workspace: Identifier<Workspace>, in month: BillMonth, after cursor: Int64 = 0, limit: Int = 1000
    ) throws -> [ChargeRecord] {
        try charges(
            sql: """
                SELECT \(Self.chargeColumns) FROM ledger_entry INDEXED BY ledger_entry_month \(Self.chargeJoins)
                WHERE ledger_entry.workspace = ? AND ledger_entry.month = ? AND ledger_entry.kind = 'charge'
                AND ledger_entry.sequence > ? ORDER BY ledger_entry.sequence LIMIT ?
                """, [workspace, month, cursor, limit])
    }

    /// The charges of a run, the oldest first: those after the entry `cursor`.
    public func charges(of run: RunIdentity, after cursor: Int64 = 0, limit: Int = 1000) throws -> [ChargeRecord] {
        try charges(
            sql: """
                SELECT \(Self.chargeColumns) FROM ledger_entry \(Self.chargeJoins)
                WHERE ledger_entry.key > ? AND ledger_entry.key < ? AND ledger_entry.kind = 'charge'
                AND +ledger_entry.sequence > ? ORDER BY +ledger_entry.sequence LIMIT ?
                """, ["run/\(run)/", "run/\(run)0", cursor, limit])
    }

    /// The charge that an entry holds; nil for an entry of another kind.
    public func charge(_ sequence: Int64) throws -> ChargeRecord? {
        try charges(
            sql: """
                SELECT \(Self.chargeColumns) FROM ledger_entry \(Self.chargeJoins)
                WHERE ledger_entry.sequence = ? AND ledger_entry.kind = 'charge'
                """, [sequence]
        ).first
    }

    private func charges(sql: String, _ arguments: StatementArguments) throws -> [ChargeRecord] {
        var prices = PriceTexts()
        return try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments).map { try ChargeRecord($0, &prices) }
    }
}
