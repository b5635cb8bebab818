import GRDB
public import WeirModel

extension Reading {
    /// The workloads that wait or run and are to go on, also after they gave way to others, of those of a spending; the first `limit`.
    public func wantedWorkloads(
        of workspace: Identifier<Workspace>, _ scope: SpendingScope, limit: Int
    ) throws -> [WorkloadRecord] {
        let (condition, argument): (String, String?) =
            switch scope {
            case .workspace: ("? IS NULL", nil)
            case .project(let id): ("project = ?", id.text)
            case .account(let id): ("started_by = ?", id.text)
            }
        return try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM workload INDEXED BY workload_state WHERE workspace = ? AND deleted_at IS NULL
                    AND state IN ('queued', 'deploying', 'running', 'stopping') AND wanted = 'running' AND \(condition) ORDER BY id LIMIT ?
                    """), arguments: [workspace, argument, limit]
        ).map(WorkloadRecord.init)
    }

    /// One budget, with what it was charged in the month.
    public func budget(of scope: SpendingScope, in workspace: Identifier<Workspace>, month: BillMonth) throws -> BudgetRecord? {
        try budgets(
            of: workspace, project: scope.project, account: scope.account, in: month
        ).first { $0.scope == scope }
    }
}

extension SpendingScope {
    /// In one word: `workspace`, `project` or `account`.
    public var kind: String {
        switch self {
        case .workspace: "workspace"
        case .project: "project"
        case .account: "account"
        }
    }

    public var project: Identifier<Project>? { if case .project(let id) = self { id } else { nil } }
    public var account: Identifier<Account>? { if case .account(let id) = self { id } else { nil } }
}
