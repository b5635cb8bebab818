import GRDB
public import WeirModel

/// A workload as the operator sees it in the list over all workspaces.
public struct StandingWorkload: Sendable {
    public let workload: WorkloadRecord
    public let workspaceName: String
    public let isDeleted: Bool

    init(_ row: Row) throws {
        workload = try WorkloadRecord(row)
        workspaceName = row["workspace_name"]
        isDeleted = row["deleted_at"] != nil
    }
}

/// What the list over all workspaces is narrowed to.
public struct AllWorkloadsFilter: Hashable, Sendable {
    /// Nil for all that waits, runs or ends.
    public var state: WorkloadState?
    public var kind: WorkloadKind?
    public var workspace: Identifier<Workspace>?
    /// Who made it.
    public var creator: Identifier<Account>?
    /// A part of the name, whatever the case.
    public var name: String?

    public init(
        state: WorkloadState? = nil, kind: WorkloadKind? = nil, workspace: Identifier<Workspace>? = nil,
        creator: Identifier<Account>? = nil, name: String? = nil
    ) {
        self.state = state
        self.kind = kind
        self.workspace = workspace
        self.creator = creator
        self.name = name
    }
}

extension Reading {
    private static let standing = """
        SELECT workload.*, workspace.name AS workspace_name FROM workload JOIN workspace ON workspace.id = workload.workspace
        """
    private static let live = "workload.state IN ('queued', 'deploying', 'running', 'stopping')"

    /// The workloads of the installation.
    public func workloads(_ filter: AllWorkloadsFilter, _ page: PageRequest) throws -> Page<StandingWorkload> {
        let order = KeysetOrder(page, table: "workload.", name: "name_key")
        var conditions = ["workload.deleted_at IS NULL", order.condition]
        var arguments = order.arguments
        func narrow(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments += [value]
        }
        if filter.state?.isFinal != true { conditions.append(Self.live) }
        narrow("workload.state = ?", filter.state?.rawValue)
        narrow("workload.kind = ?", filter.kind?.rawValue)
        narrow("workload.workspace = ?", filter.workspace)
        narrow("workload.created_by = ?", filter.creator)
        narrow("instr(workload.name_key, ?)", filter.name?.lowercased())
        arguments += [page.limit + 1]
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: "\(Self.standing) WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(order.terms) LIMIT ?"),
            arguments: arguments)
        return try Page(rows: rows, request: page, in: order, StandingWorkload.init)
    }

    /// One workload of the installation; one that was deleted, too, for bills and records go on naming it.
    public func standingWorkload(_ id: Identifier<Workload>) throws -> StandingWorkload? {
        try Row.fetchOne(db.cachedStatement(sql: "\(Self.standing) WHERE workload.id = ?"), arguments: [id]).map(StandingWorkload.init)
    }
}
