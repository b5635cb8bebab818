import GRDB
public import WeirModel

/// An allowance with who set it and when.
public struct AllowanceRecord: Hashable, Sendable {
    public let workspace: Identifier<Workspace>
    public let scope: QuotaScope
    public let allowance: Allowance
    public let changedBy: Identifier<Account>
    public let changedAt: Timestamp

    init(_ row: Row) throws {
        workspace = row["workspace"]
        let text: String = row["scope"]
        guard let scope = QuotaScope(text) else { throw CorruptColumn(column: "scope", value: text) }
        self.scope = scope
        allowance = try row.json("document")
        changedBy = row["changed_by"]
        changedAt = row["changed_at"]
    }
}

extension Reading {
    /// All that were set: in one workspace, or everywhere. Read at once by whoever decides for many workloads.
    public func allowances(of workspace: Identifier<Workspace>? = nil) throws -> [AllowanceRecord] {
        guard let workspace else {
            return try Row.fetchAll(db.cachedStatement(sql: "SELECT * FROM allowance ORDER BY workspace, scope")).map(AllowanceRecord.init)
        }
        return try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM allowance WHERE workspace = ? ORDER BY scope"), arguments: [workspace]
        ).map(AllowanceRecord.init)
    }

    public func allowance(of scope: QuotaScope, in workspace: Identifier<Workspace>) throws -> AllowanceRecord? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT * FROM allowance WHERE workspace = ? AND scope = ?"),
            arguments: [workspace, scope.description]
        ).map(AllowanceRecord.init)
    }

    /// What bears on one person's workloads: the workspace's allowance, and the person's own, or else the one for everyone.
    public func allowances(of account: Identifier<Account>, in workspace: Identifier<Workspace>) throws -> Allowances {
        let records = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM allowance WHERE workspace = ? AND scope IN ('workspace', 'everyone', ?)"),
            arguments: [workspace, account]
        ).map(AllowanceRecord.init)
        func allowance(_ scope: QuotaScope) -> Allowance? { records.first { $0.scope == scope }?.allowance }
        return Allowances(
            workspace: allowance(.workspace) ?? .plain, person: allowance(.account(account)) ?? allowance(.everyone) ?? .plain)
    }
}

extension Writing {
    /// Makes or changes one; nil takes it away. The change is on the record.
    public func setAllowance(
        _ allowance: Allowance?, of scope: QuotaScope, in workspace: Identifier<Workspace>, by account: Identifier<Account>,
        at now: Timestamp
    ) throws {
        let before = try read.allowance(of: scope, in: workspace)?.allowance
        guard before != allowance else { return }
        if let allowance {
            try db.execute(
                sql: """
                    INSERT INTO allowance (workspace, scope, document, changed_by, changed_at) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT (workspace, scope) DO UPDATE SET document = excluded.document, changed_by = excluded.changed_by,
                    changed_at = excluded.changed_at
                    """, arguments: [workspace, scope.description, try jsonText(allowance), account, now])
        } else {
            try db.execute(
                sql: "DELETE FROM allowance WHERE workspace = ? AND scope = ?", arguments: [workspace, scope.description])
        }
        try record(
            RuleChange(
                workspace: workspace, subject: scope.description, before: try before.map { try jsonText($0) },
                after: try allowance.map { try jsonText($0) }, actor: account, at: now))
    }
}
