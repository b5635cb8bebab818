public import WeirModel
public import WeirStore

/// What workspaces and the people in them may hold, who set it, and what is held of it (QUO-03, QUO-06, QUO-07).
public struct Quotas: Sendable {
    let store: Store
    let files: FileStore
    let clock: any WallClock
    let signals: WorkloadSignals

    /// What somebody may hold, holds, and waits for.
    public struct Standing: Hashable, Sendable {
        public let allowance: Allowance
        /// Nil when the plain rule or the one for everyone holds.
        public let own: AllowanceRecord?
        public let held: Holdings
        public let waiting: Holdings
        /// Nil of a person whose storage the viewer is not to know: what it holds is theirs (DAT-14).
        public let storage: Bytes?
    }

    public struct PersonStanding: Hashable, Sendable {
        public let account: Identifier<Account>
        public let login: String
        /// Nil for one who has left, and whose workloads still run.
        public let role: Role?
        public let standing: Standing
    }

    public struct WorkspaceStanding: Sendable {
        public let workspace: WorkspaceRecord
        public let standing: Standing
        /// For each person without an allowance of their own; nil when none was set.
        public let everyone: AllowanceRecord?
        /// Members, and others who hold something; by login.
        public let people: Page<PersonStanding>
    }

    /// What was set for a workspace, for everyone or for one person, and what it comes to.
    public struct ScopeStanding: Hashable, Sendable {
        public let scope: QuotaScope
        public let allowance: Allowance
        public let own: AllowanceRecord?
        /// Of a person.
        public let login: String?
        public let role: Role?
        /// Nil of everyone, who hold nothing together.
        public let standing: Standing?
    }

    // MARK: Looking

    /// All that is held against each limit of a workspace, with a part of its people: seen by its members and the operator.
    public func standing(
        of workspace: Identifier<Workspace>, _ filter: MemberFilter = MemberFilter(), page: PageRequest, for caller: Caller
    ) async throws -> WorkspaceStanding {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeWorkspace)
            guard let record = try db.workspace(workspace) else { throw WeirError.notFound("workspace") }
            let look = try QuotaLook(of: workspace, for: caller, db)
            return WorkspaceStanding(
                workspace: record, standing: try look.whole(db), everyone: look.own(.everyone), people: try look.people(filter, page, db))
        }
    }

    /// The same of one scope alone. Throws `not_found` for one who is no member, holds nothing and has no quota.
    public func standing(
        of scope: QuotaScope, in workspace: Identifier<Workspace>, for caller: Caller
    ) async throws -> ScopeStanding {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeWorkspace)
            guard try db.workspace(workspace) != nil else { throw WeirError.notFound("workspace") }
            return try QuotaLook(of: workspace, for: caller, db).scope(scope, db)
        }
    }

    /// The workspaces with what they may hold and hold, for the operator; those with `name` in their names.
    public func all(
        named name: String? = nil, _ page: PageRequest, by caller: Caller
    ) async throws -> Page<(WorkspaceRecord, Standing)> {
        try caller.requireOperator()
        return try await store.read { db in
            let allowances = Dictionary(
                try db.allowances().filter { $0.scope == .workspace }.map { ($0.workspace, $0) }, uniquingKeysWith: { first, _ in first })
            var holdings: [Identifier<Workspace>: (held: Holdings, waiting: Holdings)] = [:]
            for person in try db.holdings() {
                let sum = holdings[person.workspace] ?? (.none, .none)
                holdings[person.workspace] = (sum.held + person.held, sum.waiting + person.waiting)
            }
            let storage = try db.storageKeptByWorkspaces()
            return try db.workspaces(named: name, page).map { standing in
                let workspace = standing.workspace
                let own = allowances[workspace.id]
                let sum = holdings[workspace.id] ?? (.none, .none)
                return (
                    workspace,
                    Standing(
                        allowance: own?.allowance ?? .plain, own: own, held: sum.held, waiting: sum.waiting,
                        storage: storage[workspace.id] ?? 0)
                )
            }
        }
    }

    /// Who changed what, the newest first.
    public func changes(
        in workspace: Identifier<Workspace>, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<RuleChange> {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeWorkspace)
            return try db.ruleChanges(in: workspace, page)
        }
    }

    // MARK: Setting

    /// Sets the whole allowance of a workspace, of everyone in it, or of one person; nil takes it away. What runs goes on, also above a
    /// smaller quota; what waits is looked at again. The workspace's own is the operator's to set, the others an administrator's (QUO-06).
    public func set(
        _ allowance: Allowance?, of scope: QuotaScope, in workspace: Identifier<Workspace>, by caller: Caller
    ) async throws {
        try allowance?.check()
        let now = clock.now()
        try await store.write { db in
            switch scope {
            case .workspace:
                // Members may know of the workspace; that it is the operator's to set is what they are told.
                try db.read.requireBilling(of: workspace, for: caller, .seeWorkspace)
                guard caller.isOperator else { throw WeirError.operatorOnly() }
            case .everyone, .account:
                try db.read.requireBilling(of: workspace, for: caller, .setLimits)
            }
            if case .account(let id) = scope {
                let isMember = try db.read.role(of: id, in: workspace) != nil
                let wasSet = try db.read.allowance(of: scope, in: workspace) != nil
                guard isMember || (allowance == nil && wasSet) else { throw WeirError.notFound("account") }
            }
            try db.setAllowance(allowance, of: scope, in: workspace, by: caller.id, at: now)
        }
        if case .workspace = scope { try await files.applyQuota(of: workspace, in: store) }
        signals.send(.rules)
    }
}
