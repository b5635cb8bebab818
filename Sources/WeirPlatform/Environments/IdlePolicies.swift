public import WeirModel
public import WeirStore

/// When a workspace stops environments that nobody uses, and what that saved (X18).
public struct IdlePolicies: Sendable {
    /// What was saved is said of so long.
    static let savedSpan = Duration.seconds(30 * 86_400)

    let store: Store
    let clock: any WallClock

    public struct Stop: Sendable {
        public let record: IdleStopRecord
        /// Nil for one that was free.
        public let saving: IdleSaving?
    }

    public func policy(of workspace: Identifier<Workspace>, for caller: Caller) async throws -> IdlePolicy {
        try await store.read { db in
            try db.role(of: caller, in: workspace, for: .seeWorkspace)
            return try db.idlePolicy(of: workspace)?.policy ?? .none
        }
    }

    /// Throws `malformed` with the field, and `not_found` for who is exempt and not of the workspace.
    public func set(_ policy: IdlePolicy, of workspace: Identifier<Workspace>, by caller: Caller) async throws -> IdlePolicy {
        let policy = try policy.checked()
        let now = clock.now()
        try await store.write { db in
            try db.read.role(of: caller, in: workspace, for: .setLimits)
            let before = try db.read.idlePolicy(of: workspace)?.policy ?? .none
            guard policy != before else { return }
            // What is exempt is answered by its name, so it must be this workspace's own.
            for id in policy.exemptWorkloads.subtracting(before.exemptWorkloads) where try db.read.workload(id)?.workspace != workspace {
                throw WeirError.notFound("workload")
            }
            for id in policy.exemptAccounts.subtracting(before.exemptAccounts) where try db.read.role(of: id, in: workspace) == nil {
                throw WeirError.notFound("account")
            }
            try db.setIdlePolicy(policy, of: workspace, by: caller.id, at: now)
            let isOther = policy.after != before.after
            try db.record(
                AuditEvent(
                    .idlePolicySet, of: workspace.text, named: try db.read.workspace(workspace)?.name ?? "",
                    before: isOther ? Self.span(before) : nil, after: isOther ? Self.span(policy) : nil, in: workspace, by: caller.id,
                    at: now))
        }
        return policy
    }

    private static func span(_ policy: IdlePolicy) -> String { policy.after.map { "\($0 / 60) min" } ?? "–" }

    /// Newest first.
    public func stops(
        in workspace: Identifier<Workspace>, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<Stop> {
        let stops = try await store.read { db in
            try db.role(of: caller, in: workspace, for: .seeWorkspace)
            return try db.idleStops(in: workspace, page)
        }
        let now = clock.now()
        return try stops.map { try Stop($0, now) }
    }

    /// By the stops of the last 30 days.
    public func saved(in workspace: Identifier<Workspace>, for caller: Caller) async throws -> Points {
        let now = clock.now()
        let stops = try await store.read { db in
            try db.role(of: caller, in: workspace, for: .seeWorkspace)
            return try db.idleStops(in: workspace, since: now - Self.savedSpan)
        }
        return try stops.compactMap { try Stop($0, now).saving?.points }.reduce(Points(micro: 0)) { try $0.adding($1) }
    }
}

extension IdlePolicies.Stop {
    fileprivate init(_ record: IdleStopRecord, _ now: Timestamp) throws {
        self.record = record
        saving = try record.price.map { price in
            try IdleSaving(
                stoppedAt: record.at, autoStopAt: record.autoStopAt, startedAgainAt: record.startedAgainAt, now: now,
                pricePerHour: price.amount(minutes: 60))
        }
    }
}
