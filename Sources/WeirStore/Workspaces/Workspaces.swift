import GRDB
public import WeirModel

public struct WorkspaceRecord: Hashable, Sendable {
    public var id: Identifier<Workspace>
    public var name: String
    public var createdAt: Timestamp
    /// Nil while nobody wants it closed.
    public var closing: WorkspaceClosing?
    public var closedAt: Timestamp?

    public var state: WorkspaceStage { closedAt != nil ? .closed : closing != nil ? .closing : .open }

    public init(id: Identifier<Workspace>, name: String, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
    }

    init(_ row: Row) {
        id = row["id"]
        name = row["name"]
        createdAt = row["created_at"]
        if let due: Timestamp = row["closing_due"] {
            closing = WorkspaceClosing(since: row["closing_since"], due: due, by: row["closing_by"])
        }
        closedAt = row["closed_at"]
    }
}

/// A workspace as the operator sees it in the list of all.
public struct StandingWorkspace: Hashable, Sendable {
    public let workspace: WorkspaceRecord
    public let members: Int
    public let balance: WorkspaceBalance

    init(_ row: Row) {
        workspace = WorkspaceRecord(row)
        members = row["members"]
        balance = WorkspaceBalance(balance: Points(micro: row["balance"] ?? 0), usedUpSince: row["used_up_since"])
    }
}

extension Reading {
    public func workspace(_ id: Identifier<Workspace>) throws -> WorkspaceRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM workspace WHERE id = ?"), arguments: [id]).map(WorkspaceRecord.init)
    }

    public func workspace(named name: Name) throws -> WorkspaceRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM workspace WHERE name_key = ?"), arguments: [name.key])
            .map(WorkspaceRecord.init)
    }

    /// What projects, people, workspaces and workloads are called, deleted ones, too, by their identifiers; what is none of these is left out.
    public func names(of identifiers: Set<String>) throws -> [String: String] {
        guard !identifiers.isEmpty else { return [:] }
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    WITH wanted (id) AS (SELECT value FROM json_each(?))
                    SELECT id, name FROM project WHERE id IN wanted
                    UNION ALL SELECT id, login FROM account WHERE id IN wanted
                    UNION ALL SELECT id, name FROM workspace WHERE id IN wanted
                    UNION ALL SELECT id, name FROM workload WHERE id IN wanted
                    """), arguments: [try jsonText(identifiers.sorted())])
        return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0[1]) })
    }

    /// All workspaces of the installation in the order of their making, in parts: those after `cursor`.
    public func workspaces(after cursor: Identifier<Workspace>?, most: Int) throws -> [WorkspaceRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM workspace WHERE id > ? ORDER BY id LIMIT ?"), arguments: [cursor?.text ?? "", most]
        ).map(WorkspaceRecord.init)
    }

    /// The workspaces that an account is a member of, with its role in each.
    public func workspaces(of account: Identifier<Account>, _ page: PageRequest) throws -> Page<(WorkspaceRecord, Role)> {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT workspace.*, member.role FROM member JOIN workspace ON workspace.id = member.workspace
                    WHERE member.account = ? AND member.workspace < ? ORDER BY member.workspace DESC LIMIT ?
                    """), arguments: [account, page.bound, page.limit + 1])
        return Page(rows: try rows.map { (WorkspaceRecord($0), try $0.raw("role")) }, request: page) { $0.0.id.text }
    }

    /// The workspaces that a person made and that are not closed, with their balances and whether the person still owns them, whoever owns
    /// them besides. At most 10,000.
    public func madeWorkspaces(by account: Identifier<Account>) throws -> [(name: String, balance: Points, isOwned: Bool)] {
        try Row.fetchAll(
            db.cachedStatement(sql: Self.madeWorkspacesQuery), arguments: [Role.owner.rawValue, account]
        ).map { ($0["name"], Points(micro: $0["balance"] ?? 0), $0["is_owned"]) }
    }

    static let madeWorkspacesQuery = """
        SELECT workspace.name, ledger_account.balance, EXISTS (SELECT 1 FROM member WHERE member.workspace = workspace.id
        AND member.account = audit_event.actor AND member.role = ?) AS is_owned
        FROM audit_event INDEXED BY audit_event_maker JOIN workspace ON workspace.id = audit_event.workspace
        LEFT JOIN ledger_account ON ledger_account.id = workspace.id
        WHERE audit_event.action = 'workspace_created' AND audit_event.actor = ? AND workspace.closed_at IS NULL
        ORDER BY workspace.id LIMIT 10000
        """

    /// True when a person has ever made a workspace, also one that is closed or somebody else's by now.
    public func hasMadeWorkspace(_ account: Identifier<Account>) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(sql: Self.hasMadeWorkspaceQuery), arguments: [account]) ?? false
    }

    static let hasMadeWorkspaceQuery = """
        SELECT EXISTS (SELECT 1 FROM audit_event INDEXED BY audit_event_maker WHERE action = 'workspace_created' AND actor = ?)
        """

    /// All workspaces of the installation whose name has `part` in it.
    public func workspaces(named part: String?, _ page: PageRequest) throws -> Page<StandingWorkspace> {
        let order = KeysetOrder(page, table: "workspace.", name: "name_key")
        let part = part?.lowercased()
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT workspace.*, ledger_account.balance, ledger_account.used_up_since,
                    (SELECT count(*) FROM member WHERE member.workspace = workspace.id) AS members
                    FROM workspace LEFT JOIN ledger_account ON ledger_account.id = workspace.id
                    WHERE \(order.condition) AND (? IS NULL OR instr(workspace.name_key, ?))
                    ORDER BY \(order.terms) LIMIT ?
                    """), arguments: order.arguments + [part, part, page.limit + 1])
        return Page(rows: rows, request: page, in: order, StandingWorkspace.init)
    }

    /// Who may enter what the gateway serves, of one workspace or of all.
    public func memberships(of workspace: Identifier<Workspace>?) throws -> [(Identifier<Account>, Identifier<Workspace>)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT member.account, workspace FROM member JOIN account ON account.id = member.account
                    WHERE disabled_at IS NULL AND (:workspace IS NULL OR workspace = :workspace)
                    """), arguments: ["workspace": workspace]
        ).map { ($0["account"], $0["workspace"]) }
    }
}

extension Writing {
    public func insert(_ workspace: WorkspaceRecord, name: Name) throws {
        guard try read.workspace(named: name) == nil else { throw WeirError.workspaceNameTaken(name.text) }
        try db.execute(
            sql: "INSERT INTO workspace (id, name, name_key, created_at) VALUES (?, ?, ?, ?)",
            arguments: [workspace.id, name.text, name.key, workspace.createdAt])
    }

    /// Throws `name_taken`, and for one that holds no name any more `workspace_closed`.
    public func rename(_ workspace: Identifier<Workspace>, to name: Name) throws {
        guard try read.workspace(workspace)?.state != .closed else { throw WeirError.workspaceClosed() }
        if let other = try read.workspace(named: name), other.id != workspace {
            throw WeirError.workspaceNameTaken(name.text)
        }
        try db.execute(
            sql: "UPDATE workspace SET name = ?, name_key = ? WHERE id = ?", arguments: [name.text, name.key, workspace])
    }
}
