import Foundation
import GRDB
public import WeirModel

/// What a list of entries is narrowed to.
public struct EntryFilter: Hashable, Sendable {
    public var kind: EntryKind?
    public var month: BillMonth?
    public var project: Identifier<Project>?
    public var account: Identifier<Account>?
    public var workload: Identifier<Workload>?
    /// Entered at this moment or later, and before that one.
    public var from: Timestamp?
    public var to: Timestamp?
    /// Who sees of all homes and netdisks their own alone; nil for who answers for the workspace's money.
    public var viewer: Identifier<Account>?

    public init(
        kind: EntryKind? = nil, month: BillMonth? = nil, project: Identifier<Project>? = nil, account: Identifier<Account>? = nil,
        workload: Identifier<Workload>? = nil, from: Timestamp? = nil, to: Timestamp? = nil
    ) {
        self.kind = kind
        self.month = month
        self.project = project
        self.account = account
        self.workload = workload
        self.from = from
        self.to = to
    }
}

extension Reading {
    /// The last entry's place and hash.
    public func ledgerHead() throws -> LedgerHead {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT sequence, hash FROM ledger_entry ORDER BY sequence DESC LIMIT 1"))
            .map { LedgerHead(sequence: $0["sequence"], hash: $0["hash"]) } ?? .none
    }

    public func entry(key: String) throws -> LedgerEntry? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM ledger_entry WHERE key = ?"), arguments: [key]).map(LedgerEntry.init)
    }

    public func entry(_ sequence: Int64) throws -> LedgerEntry? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM ledger_entry WHERE sequence = ?"), arguments: [sequence])
            .map(LedgerEntry.init)
    }

    /// The balance of a workspace; zero before its first entry.
    public func balance(of workspace: Identifier<Workspace>) throws -> WorkspaceBalance { try balance(ofAccount: workspace.text) }

    func balance(ofAccount id: String) throws -> WorkspaceBalance {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT balance, used_up_since FROM ledger_account WHERE id = ?"), arguments: [id]
        ).map { WorkspaceBalance(balance: Points(micro: $0["balance"]), usedUpSince: $0["used_up_since"]) }
            ?? WorkspaceBalance(balance: 0, usedUpSince: nil)
    }

    /// What the installation took and gave in sum: the other side of all balances, so usually below zero for payments and grants.
    public func counters() throws -> [LedgerCounter: Points] {
        try LedgerCounter.allCases.reduce(into: [:]) { $0[$1] = try balance(ofAccount: $1.rawValue).balance }
    }

    /// The sum of all balances: zero, always.
    public func sumOfBalances() throws -> Int128 {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT sum(balance >> 20) AS high, sum(balance & 0xFFFFF) AS low FROM ledger_account")
        ).first.map { (Int128($0["high"] as Int64? ?? 0) << 20) + Int128($0["low"] as Int64? ?? 0) } ?? 0
    }

    /// Workspaces that are not closed whose balance has been used up without a break since a moment, or longer: those after `cursor`.
    public func workspacesUsedUp(
        since moment: Timestamp, after cursor: Identifier<Workspace>? = nil, limit: Int = 1000
    ) throws -> [(workspace: Identifier<Workspace>, balance: WorkspaceBalance)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM ledger_account WHERE used_up_since <= ? AND id > ?
                    AND NOT EXISTS (SELECT 1 FROM workspace WHERE workspace.id = ledger_account.id AND closed_at IS NOT NULL)
                    ORDER BY id LIMIT ?
                    """),
            arguments: [moment, cursor?.text ?? "", limit]
        ).map { ($0["id"], WorkspaceBalance(balance: Points(micro: $0["balance"]), usedUpSince: $0["used_up_since"])) }
    }

    /// A part of a workspace's entries, the newest first.
    public func entries(of workspace: Identifier<Workspace>, _ filter: EntryFilter, _ page: PageRequest) throws -> Page<LedgerEntry> {
        let statement = Self.entriesStatement(of: workspace, filter, page)
        let rows = try Row.fetchAll(db.cachedStatement(sql: statement.sql), arguments: statement.arguments)
        return Page(rows: try rows.map(LedgerEntry.init), request: page) { String($0.sequence) }
    }

    /// The narrowest filter names the index; the others are looked at on its way. A workload's entries are found by their keys.
    static func entriesStatement(
        of workspace: Identifier<Workspace>, _ filter: EntryFilter, _ page: PageRequest
    ) -> (sql: String, arguments: StatementArguments) {
        var conditions: [String] = []
        var arguments: StatementArguments = []
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments += [value]
        }
        let prefix = filter.workload == nil ? "" : "+"
        add("\(prefix)workspace = ?", workspace)
        add("\(prefix)sequence < ?", page.after.flatMap { Int64($0) } ?? .max)
        add("kind = ?", filter.kind?.rawValue)
        add("\(prefix)month = ?", filter.month)
        add("\(prefix)project = ?", filter.project)
        add("\(prefix)account = ?", filter.account)
        add("(workload IS NOT NULL OR account IS NULL OR account = ?)", filter.viewer)
        add("at >= ?", filter.from)
        add("at < ?", filter.to)
        add("key > ?", filter.workload.map { "run/\($0)/" })
        add("key < ?", filter.workload.map { "run/\($0)0" })
        var source = "ledger_entry INDEXED BY ledger_entry_workspace"
        if filter.workload != nil {
            source = "ledger_entry"
        } else if let kind = filter.kind, kind != .charge {
            source = "ledger_entry INDEXED BY ledger_entry_rare"
            conditions.append("kind <> 'charge'")
        } else if filter.project != nil {
            source = "ledger_entry INDEXED BY ledger_entry_project"
        } else if filter.account != nil {
            source = "ledger_entry INDEXED BY ledger_entry_account"
        } else if filter.month != nil {
            source = "ledger_entry INDEXED BY ledger_entry_month"
        }
        arguments += [page.limit + 1]
        return (
            """
            SELECT * FROM \(source) WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(prefix)sequence DESC LIMIT ?
            """, arguments
        )
    }
}

extension Reading {
    /// What a scope of a workspace was charged in a month.
    public func spending(of workspace: Identifier<Workspace>, in month: BillMonth, scope: SpendingScope = .workspace) throws -> Points {
        Points(
            micro: try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT amount FROM spending WHERE workspace = ? AND month = ? AND scope = ?"),
                arguments: [workspace, month, scope.description]) ?? 0)
    }

    /// What every scope of a workspace was charged in a month. At most 10,000.
    public func spendings(of workspace: Identifier<Workspace>, in month: BillMonth) throws -> [SpendingScope: Points] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT scope, amount FROM spending WHERE workspace = ? AND month = ? LIMIT 10000"),
            arguments: [workspace, month]
        ).reduce(into: [:]) { sums, row in
            guard let scope = SpendingScope(row["scope"]) else { return }
            sums[scope] = Points(micro: row["amount"])
        }
    }

    /// What a workspace was charged in each month, the newest first.
    public func spendingByMonth(of workspace: Identifier<Workspace>, limit: Int = 120) throws -> [(month: BillMonth, amount: Points)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT month, amount FROM spending WHERE workspace = ? AND scope = 'workspace' ORDER BY month DESC LIMIT ?
                    """), arguments: [workspace, limit]
        ).map { ($0["month"], Points(micro: $0["amount"])) }
    }

    /// What was paid for a workspace and is on no invoice that was issued or asked for (BIL-24). Zero at the least.
    public func invoiceable(of workspace: Identifier<Workspace>) throws -> Points {
        let paid =
            try Int64.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT sum(amount) FROM ledger_entry INDEXED BY ledger_entry_rare
                        WHERE workspace = ? AND kind <> 'charge' AND counter = 'payments'
                        """), arguments: [workspace]) ?? 0
        let invoiced =
            try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT sum(amount) FROM invoice WHERE workspace = ? AND state <> 'rejected'"),
                arguments: [workspace]) ?? 0
        return max(0, try Points(exactly: Int128(paid) - Int128(invoiced)))
    }

    /// By how much more was given back of a run than it was charged: its charges, refunds and what was taken back of them, in sum. Not
    /// above 0 when all is right.
    public func givenBack(of run: RunIdentity) throws -> Points {
        let sum = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT sum(amount) FROM ledger_entry WHERE key > ? AND key < ?"),
            arguments: ["run/\(run)/", "run/\(run)0"])
        return Points(micro: sum ?? 0)
    }

    /// The same of one month's entries alone.
    func givenBack(of run: RunIdentity, in month: BillMonth) throws -> Points {
        let sum = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT sum(amount) FROM ledger_entry WHERE key > ? AND key < ? AND +month = ?"),
            arguments: ["run/\(run)/", "run/\(run)0", month])
        return Points(micro: sum ?? 0)
    }

    /// Another recharge of a workspace with a reference that means the same; nil when there is none.
    public func recharge(of workspace: Identifier<Workspace>, reference: PaymentReference, otherThan key: String) throws -> Int64? {
        let wanted = reference.key
        let rows = try Row.fetchCursor(db.cachedStatement(sql: Self.rechargeQuery), arguments: [workspace, key])
        while let row = try rows.next() {
            let text: String = try row.need("reference")
            if PaymentReference(text).key == wanted { return try row.need("sequence") }
        }
        return nil
    }

    static let rechargeQuery = """
        SELECT sequence, reference FROM ledger_entry INDEXED BY ledger_entry_rare
        WHERE workspace = ? AND kind <> 'charge' AND kind = 'recharge' AND reference IS NOT NULL AND key <> ?
        """

    /// What has been refunded of the charge with that key. Keys of refunds begin with it: `Posting.refundKey`.
    public func refunded(ofCharge key: String) throws -> Points {
        let sum = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT sum(amount) FROM ledger_entry WHERE key > ? AND key < ? AND +kind = 'refund'"),
            arguments: ["\(key)/refund/", "\(key)/refund0"])
        return Points(micro: sum ?? 0)
    }
}
