import GRDB
public import WeirModel

/// A budget of a workspace, a project or a person, with what it was charged in the month that was asked for.
public struct BudgetRecord: Hashable, Sendable {
    public let workspace: Identifier<Workspace>
    public let scope: SpendingScope
    public let budget: Budget
    public let changedBy: Identifier<Account>
    public let changedAt: Timestamp
    public let charged: Points

    init(_ row: Row) throws {
        workspace = row["workspace"]
        let text: String = row["scope"]
        guard let scope = SpendingScope(text) else { throw CorruptColumn(column: "scope", value: text) }
        self.scope = scope
        budget = try row.json("document")
        changedBy = row["changed_by"]
        changedAt = row["changed_at"]
        charged = Points(micro: row["charged"] ?? 0)
    }
}

extension Reading {
    private static let budgets = """
        SELECT budget.*, spending.amount AS charged FROM budget LEFT JOIN spending
        ON spending.workspace = budget.workspace AND spending.month = ?1 AND spending.scope = budget.scope
        """

    /// All budgets of a workspace. At most 10,000.
    public func budgets(of workspace: Identifier<Workspace>, in month: BillMonth) throws -> [BudgetRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: Self.budgets + " WHERE budget.workspace = ? ORDER BY budget.scope LIMIT 10000"),
            arguments: [month, workspace]
        ).map(BudgetRecord.init)
    }

    /// A part of them, of whom or what has `part` in its name: a project's name, or a person's login or name.
    public func budgets(
        of workspace: Identifier<Workspace>, in month: BillMonth, named part: String? = nil, _ page: PageRequest
    ) throws -> Page<BudgetRecord> {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: Self.budgets + """
                     LEFT JOIN project ON project.id = budget.scope LEFT JOIN account ON account.id = budget.scope
                    WHERE budget.workspace = ?2 AND budget.scope > ?3 AND (?4 IS NULL OR instr(project.name_key, ?4)
                    OR instr(account.login, ?4) OR instr(lower(account.display_name), ?4))
                    ORDER BY budget.scope LIMIT ?5
                    """), arguments: [month, workspace, page.after ?? "", part?.lowercased(), page.limit + 1])
        return Page(rows: try rows.map(BudgetRecord.init), request: page) { $0.scope.description }
    }

    /// The budgets that a start counts to: the workspace's, its project's and its person's.
    public func budgets(
        of workspace: Identifier<Workspace>, project: Identifier<Project>?, account: Identifier<Account>?, in month: BillMonth
    ) throws -> [BudgetRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: Self.budgets + " WHERE budget.workspace = ? AND budget.scope IN ('workspace', ?, ?)"),
            arguments: [month, workspace, project?.text, account?.text]
        ).map(BudgetRecord.init)
    }

    /// All budgets of the installation, in parts: those after `cursor`.
    public func budgets(
        in month: BillMonth, after cursor: (Identifier<Workspace>, SpendingScope)? = nil, limit: Int = 1000
    ) throws -> [BudgetRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: Self.budgets
                    + " WHERE (budget.workspace, budget.scope) > (?, ?) ORDER BY budget.workspace, budget.scope LIMIT ?"),
            arguments: [month, cursor?.0.text ?? "", cursor?.1.description ?? "", limit]
        ).map(BudgetRecord.init)
    }
}

extension Writing {
    public func setBudget(
        _ budget: Budget, of scope: SpendingScope, in workspace: Identifier<Workspace>, by account: Identifier<Account>,
        at now: Timestamp
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO budget (workspace, scope, document, changed_by, changed_at) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (workspace, scope) DO UPDATE SET document = excluded.document, changed_by = excluded.changed_by,
                changed_at = excluded.changed_at
                """, arguments: [workspace, scope.description, try jsonText(budget), account, now])
    }

    public func removeBudget(of scope: SpendingScope, in workspace: Identifier<Workspace>) throws {
        try db.execute(sql: "DELETE FROM budget WHERE workspace = ? AND scope = ?", arguments: [workspace, scope.description])
    }
}
