public import WeirModel
public import WeirStore

/// Tenants and their members (IDW-01..05).
public struct Workspaces: Sendable {
    private let store: Store
    private let clock: any WallClock
    private let identifiers: any IdentifierSource
    private let memberships: Memberships
    private let departures: Departures
    private let startingGrant: Points
    private let rules: NewWorkspaces
    private let billingIsEnforced: Bool

    public init(
        store: Store, clock: any WallClock, identifiers: any IdentifierSource, memberships: Memberships, departures: Departures,
        startingGrant: Points, rules: NewWorkspaces = NewWorkspaces(), billingIsEnforced: Bool = true
    ) {
        self.store = store
        self.clock = clock
        self.identifiers = identifiers
        self.memberships = memberships
        self.departures = departures
        self.startingGrant = startingGrant
        self.rules = rules
        self.billingIsEnforced = billingIsEnforced
    }

    /// Whoever makes a workspace owns it. The first of a person begins with what the installation gives, a further one with nothing;
    /// those that the operator makes are as they are wanted, and all begin with it. Throws `workspaces_by_operator`,
    /// `too_many_workspaces`, `debts_elsewhere`.
    public func create(name: String, by caller: Caller) async throws -> WorkspaceRecord {
        let name = try Name(name)
        let now = clock.now()
        let workspace = WorkspaceRecord(
            id: identifiers.next(Workspace.self, at: now), name: name.text, createdAt: now)
        let (startingGrant, rules, isEnforced) = (startingGrant, rules, billingIsEnforced)
        try await store.write { db in
            try db.read.requireNewWorkspace(by: caller, rules, isEnforced: isEnforced)
            let isFirst = try caller.isOperator || !db.read.hasMadeWorkspace(caller.id)
            try db.insert(workspace, name: name)
            try db.setRole(.owner, of: caller.id, in: workspace.id, at: now)
            try db.record(
                AuditEvent(.workspaceCreated, of: workspace.id.text, named: name.text, in: workspace.id, by: caller.id, at: now))
            if rules.quota != .unlimited, !caller.isOperator {
                try db.setAllowance(Allowance(quota: rules.quota), of: .workspace, in: workspace.id, by: caller.id, at: now)
            }
            try db.post(.startingGrant(isFirst ? startingGrant : 0, to: workspace.id), at: now)
        }
        try await memberships.refresh(workspace.id)
        return workspace
    }

    public func list(of caller: Caller, _ page: PageRequest) async throws -> Page<(WorkspaceRecord, Role)> {
        try await store.read { try $0.workspaces(of: caller.id, page) }
    }

    /// All workspaces, for the operator; those with `name` in their names.
    public func all(named name: String?, _ page: PageRequest, by caller: Caller) async throws -> Page<StandingWorkspace> {
        try caller.requireOperator()
        return try await store.read { try $0.workspaces(named: name, page) }
    }

    public func workspace(_ id: Identifier<Workspace>, for caller: Caller) async throws -> (WorkspaceRecord, Role) {
        try await store.read { db in
            let role = try db.role(of: caller, in: id, for: .seeWorkspace)
            guard let workspace = try db.workspace(id) else { throw WeirError.notFound("workspace") }
            return (workspace, role)
        }
    }

    /// What the caller is in each of some workspaces; nothing of those that are not theirs.
    public func roles(of caller: Caller, in ids: Set<Identifier<Workspace>>) async throws -> [Identifier<Workspace>: Role] {
        try await store.read { db in
            var roles: [Identifier<Workspace>: Role] = [:]
            for id in ids { roles[id] = try db.role(of: caller.id, in: id) }
            return roles
        }
    }

    public func rename(_ id: Identifier<Workspace>, to name: String, by caller: Caller) async throws -> WorkspaceRecord {
        let name = try Name(name)
        let now = clock.now()
        return try await store.write { db in
            try db.read.role(of: caller, in: id, for: .changeWorkspace)
            try db.read.requireOpen(id)
            guard var workspace = try db.read.workspace(id) else { throw WeirError.notFound("workspace") }
            guard workspace.name != name.text else { return workspace }
            try db.rename(id, to: name)
            try db.record(
                AuditEvent(
                    .workspaceRenamed, of: id.text, named: name.text, before: workspace.name, after: name.text, in: id, by: caller.id,
                    at: now))
            workspace.name = name.text
            return workspace
        }
    }

    public func members(
        of id: Identifier<Workspace>, _ filter: MemberFilter, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<MemberRecord> {
        try await store.read { db in
            try db.role(of: caller, in: id, for: .seeWorkspace)
            return try db.members(of: id, filter, page)
        }
    }

    /// Adds a member or changes its role. Only an owner makes or unmakes owners, and one owner always stays.
    public func setRole(
        _ role: Role, ofLogin login: String, in id: Identifier<Workspace>, by caller: Caller
    ) async throws -> MemberRecord {
        let now = clock.now()
        let member = try await store.write { db -> MemberRecord in
            try db.read.role(of: caller, in: id, for: .changeMembers)
            guard let account = try db.read.account(login: login) else { throw WeirError.notFound("account") }
            let before = try db.read.role(of: account.id, in: id)
            if role == .owner || before == .owner { try db.read.role(of: caller, in: id, for: .changeOwners) }
            if before == nil { try db.read.requireOpen(id) }
            if before == .owner, role != .owner { try db.read.requireAnotherOwner(than: account.id, in: id) }
            if before != role {
                try db.setRole(role, of: account.id, in: id, at: now)
                try db.removeDeparture(of: account.id, from: id)
                try db.record(
                    AuditEvent(
                        before == nil ? .memberAdded : .roleChanged, of: account.id.text, named: account.login, before: before?.rawValue,
                        after: role.rawValue, in: id, by: caller.id, at: now))
            }
            guard let member = try db.read.member(account.id, of: id) else { throw WeirError.notFound("member") }
            return member
        }
        try await memberships.refresh(id)
        return member
    }

    /// Takes a member out; everybody may take out themselves.
    public func remove(login: String, from id: Identifier<Workspace>, by caller: Caller) async throws {
        let now = clock.now()
        let stopped = try await store.write { db in
            try db.read.role(of: caller, in: id, for: .seeWorkspace)
            guard let account = try db.read.account(login: login),
                let role = try db.read.role(of: account.id, in: id)
            else { throw WeirError.notFound("member") }
            if account.id != caller.id {
                try db.read.role(of: caller, in: id, for: role == .owner ? .changeOwners : .changeMembers)
            }
            if role == .owner { try db.read.requireAnotherOwner(than: account.id, in: id) }
            try db.removeMember(account.id, from: id)
            try db.record(
                AuditEvent(
                    .memberRemoved, of: account.id.text, named: account.login, before: role.rawValue, in: id, by: caller.id, at: now))
            return try departures.note(account, from: id, at: now, db)
        }
        departures.tell(stopped)
        try await memberships.refresh(id)
    }
}

extension Reading {
    fileprivate func requireAnotherOwner(than account: Identifier<Account>, in id: Identifier<Workspace>) throws {
        guard try hasOwner(id, besides: account) else { throw WeirError.lastOwner() }
    }
}

extension WeirError {
    static func lastOwner() -> WeirError {
        WeirError(
            "last_owner", .conflict, subject: "role", rule: "IDW-03",
            LocalizedText("A workspace keeps at least one owner.", zh: "空间必须至少保留一名所有者。"),
            remedy: LocalizedText("Make somebody else an owner first.", zh: "请先指定其他所有者。"))
    }
}
