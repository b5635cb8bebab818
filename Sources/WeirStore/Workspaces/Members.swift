import GRDB
public import WeirModel

public struct MemberRecord: Hashable, Sendable {
    public var workspace: Identifier<Workspace>
    public var account: Identifier<Account>
    public var login: String
    public var displayName: String
    public var role: Role
    public var since: Timestamp

    init(_ row: Row) throws {
        workspace = row["workspace"]
        account = row["account"]
        login = row["login"]
        displayName = row["display_name"]
        role = try row.raw("role")
        since = row["since"]
    }
}

/// What a list of members is narrowed to.
public struct MemberFilter: Hashable, Sendable {
    /// A part of the login or of the name, whatever the case.
    public var name: String?
    public var role: Role?
    /// Whether a quota was set for the person alone.
    public var hasOwnQuota: Bool?

    public init(name: String? = nil, role: Role? = nil, hasOwnQuota: Bool? = nil) {
        self.name = name
        self.role = role
        self.hasOwnQuota = hasOwnQuota
    }
}

extension Reading {
    public func role(of account: Identifier<Account>, in workspace: Identifier<Workspace>) throws -> Role? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT role FROM member WHERE workspace = ? AND account = ?"), arguments: [workspace, account]
        ).map { try $0.raw("role") }
    }

    public func member(_ account: Identifier<Account>, of workspace: Identifier<Workspace>) throws -> MemberRecord? {
        try Row.fetchOne(
            db.cachedStatement(sql: Self.members + " WHERE workspace = ? AND account = ?"), arguments: [workspace, account]
        ).map(MemberRecord.init)
    }

    private static let members = """
        SELECT member.*, account.login, account.display_name FROM member JOIN account ON account.id = member.account
        """

    /// By login, which is also what the next part begins after.
    public func members(
        of workspace: Identifier<Workspace>, _ filter: MemberFilter = MemberFilter(), _ page: PageRequest
    ) throws -> Page<MemberRecord> {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: Self.members + """
                     WHERE workspace = :workspace AND login > :after AND (:role IS NULL OR role = :role)
                    AND (:part IS NULL OR instr(login, :part) OR instr(lower(display_name), :part))
                    AND (:own IS NULL OR :own = EXISTS (
                        SELECT 1 FROM allowance WHERE allowance.workspace = member.workspace AND scope = member.account))
                    ORDER BY login LIMIT :limit
                    """),
            arguments: [
                "workspace": workspace, "after": page.after ?? "", "role": filter.role?.rawValue, "part": filter.name?.lowercased(),
                "own": filter.hasOwnQuota, "limit": page.limit + 1,
            ])
        return Page(rows: try rows.map(MemberRecord.init), request: page, key: \.login)
    }

    /// The workspaces that somebody is a member of.
    public func memberships(of account: Identifier<Account>) throws -> [Identifier<Workspace>] {
        try Identifier<Workspace>.fetchAll(
            db.cachedStatement(sql: "SELECT workspace FROM member WHERE account = ?"), arguments: [account])
    }

    public func hasOwner(_ workspace: Identifier<Workspace>, besides account: Identifier<Account>) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(
                sql: "SELECT EXISTS (SELECT 1 FROM member WHERE workspace = ? AND role = 'owner' AND account <> ?)"),
            arguments: [workspace, account]) ?? false
    }
}

extension Writing {
    public func setRole(
        _ role: Role, of account: Identifier<Account>, in workspace: Identifier<Workspace>, at now: Timestamp
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO member (workspace, account, role, since) VALUES (?, ?, ?, ?)
                ON CONFLICT (workspace, account) DO UPDATE SET role = excluded.role
                """, arguments: [workspace, account, role.rawValue, now])
    }

    /// Of a workspace that is closed: those who answer for it stay, for its bills are theirs to read.
    public func removeMembers(below role: Role, of workspace: Identifier<Workspace>) throws {
        let roles = Role.allCases.filter { $0 < role }.map(\.rawValue)
        try db.execute(
            sql: "DELETE FROM member WHERE workspace = ? AND role IN (SELECT value FROM json_each(?))",
            arguments: [workspace, try jsonText(roles)])
    }

    public func removeMember(_ account: Identifier<Account>, from workspace: Identifier<Workspace>) throws {
        try db.execute(
            sql: "DELETE FROM member WHERE workspace = ? AND account = ?", arguments: [workspace, account])
    }
}
