import GRDB
public import WeirModel

/// What the people of a workspace are to know: a balance that runs low, what was stopped and why.
public struct NoticeRecord: Hashable, Sendable {
    public let sequence: Int64
    public let workspace: Identifier<Workspace>
    public let at: Timestamp
    /// Stable for programs: `balance_low`, `stopped_for_arrears` …
    public let code: String
    /// The thing that it is about; empty for the workspace itself.
    public let subject: String
    public let text: LocalizedText

    init(_ row: Row) throws {
        sequence = row["sequence"]
        workspace = row["workspace"]
        at = row["at"]
        code = row["code"]
        subject = row["subject"]
        text = try row.json("text")
    }
}

extension Reading {
    /// The newest first.
    public func notices(of workspace: Identifier<Workspace>, _ page: PageRequest) throws -> Page<NoticeRecord> {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT * FROM notice WHERE workspace = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?"),
            arguments: [workspace, page.after.flatMap { Int64($0) } ?? .max, page.limit + 1])
        return Page(rows: try rows.map(NoticeRecord.init), request: page) { String($0.sequence) }
    }

    /// Those after the notice `cursor`, the oldest first.
    public func notices(of workspace: Identifier<Workspace>, after cursor: Int64, limit: Int) throws -> [NoticeRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM notice WHERE workspace = ? AND sequence > ? ORDER BY sequence LIMIT ?"),
            arguments: [workspace, cursor, limit]
        ).map(NoticeRecord.init)
    }

    /// The place of the last notice of all; zero before the first.
    public func lastNotice() throws -> Int64 {
        try Int64.fetchOne(db.cachedStatement(sql: "SELECT max(sequence) FROM notice")) ?? 0
    }

    public func balanceWarning(of workspace: Identifier<Workspace>) throws -> BalanceWarningRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM balance_warning WHERE workspace = ?"), arguments: [workspace])
            .map(BalanceWarningRecord.init)
    }

    /// Workspaces that are not closed whose balance is another one than when they were looked at last, or that never were; the first
    /// `limit`.
    public func workspacesWithUnseenBalance(limit: Int) throws -> [Identifier<Workspace>] {
        try Identifier<Workspace>.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT workspace.id FROM workspace JOIN ledger_account ON ledger_account.id = workspace.id
                    LEFT JOIN balance_warning ON balance_warning.workspace = workspace.id
                    WHERE balance_warning.seen_balance IS NOT ledger_account.balance AND closed_at IS NULL LIMIT ?
                    """), arguments: [limit])
    }
}

/// When a workspace is to be warned, and what was seen when it was looked at last.
public struct BalanceWarningRecord: Hashable, Sendable {
    public let workspace: Identifier<Workspace>
    public let warnings: BalanceWarnings
    public let seen: Outlook

    public init(workspace: Identifier<Workspace>, warnings: BalanceWarnings, seen: Outlook) {
        self.workspace = workspace
        self.warnings = warnings
        self.seen = seen
    }

    init(_ row: Row) throws {
        workspace = row["workspace"]
        warnings = try row.json("document")
        seen = Outlook(balance: Points(micro: row["seen_balance"]), perHour: Points(micro: row["seen_per_hour"]))
    }
}

extension Writing {
    /// Adds a notice; false when one with the same key was given before.
    @discardableResult
    public func addNotice(
        _ code: String, key: String, to workspace: Identifier<Workspace>, subject: String = "", _ text: LocalizedText,
        at now: Timestamp
    ) throws -> Bool {
        try db.cachedStatement(
            sql: """
                INSERT INTO notice (workspace, key, at, code, subject, text) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING
                """
        ).execute(arguments: [workspace, key, now, code, subject, try jsonText(text)])
        return db.changesCount == 1
    }

    public func setBalanceWarning(_ record: BalanceWarningRecord) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO balance_warning (workspace, document, seen_balance, seen_per_hour) VALUES (?, ?, ?, ?)
                ON CONFLICT (workspace) DO UPDATE SET document = excluded.document, seen_balance = excluded.seen_balance,
                seen_per_hour = excluded.seen_per_hour
                """
        ).execute(arguments: [
            record.workspace, try jsonText(record.warnings), record.seen.balance.micro, record.seen.perHour.micro,
        ])
    }
}
