public import Foundation
import GRDB
public import WeirModel

/// An invoice: asked for by a workspace, issued or rejected by the operator (BIL-24, BIL-25).
public struct InvoiceRecord: Hashable, Sendable {
    public var id: Identifier<Invoice>
    public var workspace: Identifier<Workspace>
    public var title: String
    public var taxNumber: String
    public var amount: Points
    public var note: String
    public var state: State
    public var requestedBy: Identifier<Account>
    public var requestedAt: Timestamp
    public var answeredBy: Identifier<Account>?
    public var answeredAt: Timestamp?
    /// Of the paper, when it was issued.
    public var number: String?
    /// Why it was rejected.
    public var reason: String?
    public var hasFile = false

    public enum State: String, Sendable, Codable, CaseIterable {
        case requested, issued, rejected
    }

    public init(
        id: Identifier<Invoice>, workspace: Identifier<Workspace>, title: String, taxNumber: String, amount: Points, note: String,
        requestedBy: Identifier<Account>, requestedAt: Timestamp
    ) {
        self.id = id
        self.workspace = workspace
        self.title = title
        self.taxNumber = taxNumber
        self.amount = amount
        self.note = note
        state = .requested
        self.requestedBy = requestedBy
        self.requestedAt = requestedAt
    }

    init(_ row: Row) throws {
        id = row["id"]
        workspace = row["workspace"]
        title = row["title"]
        taxNumber = row["tax_number"]
        amount = Points(micro: row["amount"])
        note = row["note"]
        state = try row.raw("state")
        requestedBy = row["requested_by"]
        requestedAt = row["requested_at"]
        answeredBy = row["answered_by"]
        answeredAt = row["answered_at"]
        number = row["number"]
        reason = row["reason"]
        hasFile = row["has_file"]
    }
}

extension Reading {
    private static let invoices = """
        SELECT id, workspace, title, tax_number, amount, note, state, requested_by, requested_at, answered_by, answered_at, number,
        reason, file IS NOT NULL AS has_file FROM invoice
        """

    public func invoice(_ id: Identifier<Invoice>) throws -> InvoiceRecord? {
        try Row.fetchOne(db.cachedStatement(sql: Self.invoices + " WHERE id = ?"), arguments: [id]).map(InvoiceRecord.init)
    }

    /// The PDF of an issued invoice, where one was attached.
    public func invoiceFile(_ id: Identifier<Invoice>) throws -> Data? {
        try Data.fetchOne(db.cachedStatement(sql: "SELECT file FROM invoice WHERE id = ? AND file IS NOT NULL"), arguments: [id])
    }

    /// Of one workspace, or for the operator of all; the newest first. With `part` in their title, tax number or number.
    public func invoices(
        of workspace: Identifier<Workspace>?, state: InvoiceRecord.State? = nil, named part: String? = nil, _ page: PageRequest
    ) throws -> Page<InvoiceRecord> {
        var sql = Self.invoices + " WHERE id < ?"
        var arguments: StatementArguments = [page.bound]
        if let workspace {
            sql += " AND workspace = ?"
            arguments += [workspace]
        }
        if let state {
            sql += " AND state = ?"
            arguments += [state.rawValue]
        }
        if let part = part?.lowercased() {
            sql += " AND (instr(lower(title), ?) OR instr(lower(tax_number), ?) OR instr(lower(coalesce(number, '')), ?))"
            arguments += [part, part, part]
        }
        arguments += [page.limit + 1]
        let rows = try Row.fetchAll(db.cachedStatement(sql: sql + " ORDER BY id DESC LIMIT ?"), arguments: arguments)
        return Page(rows: try rows.map(InvoiceRecord.init), request: page) { $0.id.text }
    }
}

extension Writing {
    public func insert(_ invoice: InvoiceRecord) throws {
        try db.execute(
            sql: """
                INSERT INTO invoice (id, workspace, title, tax_number, amount, note, state, requested_by, requested_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                invoice.id, invoice.workspace, invoice.title, invoice.taxNumber, invoice.amount.micro, invoice.note,
                invoice.state.rawValue, invoice.requestedBy, invoice.requestedAt,
            ])
    }

    /// Writes the answer into an invoice that is still open; false when it was answered before.
    public func answer(_ invoice: InvoiceRecord, file: Data?) throws -> Bool {
        try db.execute(
            sql: """
                UPDATE invoice SET state = ?, answered_by = ?, answered_at = ?, number = ?, reason = ?, file = ?
                WHERE id = ? AND state = 'requested'
                """,
            arguments: [
                invoice.state.rawValue, invoice.answeredBy, invoice.answeredAt, invoice.number, invoice.reason, file, invoice.id,
            ])
        return db.changesCount == 1
    }
}
