public import WeirModel
public import WeirStore

/// When a workspace stops environments that nobody uses, and what that saved (X18).
public struct IdlePolicies: Sendable {
    static let mostShown = 200

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

    /// Throws `malformed` with the field.
    public func set(_ policy: IdlePolicy, of workspace: Identifier<Workspace>, by caller: Caller) async throws -> IdlePolicy {
        let policy = try policy.checked()
        let now = clock.now()
        try await store.write { db in
            try db.read.role(of: caller, in: workspace, for: .setLimits)
            try db.setIdlePolicy(policy, of: workspace, by: caller.id, at: now)
        }
        return policy
    }

    /// The last stops, newest first.
    public func stops(in workspace: Identifier<Workspace>, for caller: Caller) async throws -> [Stop] {
        let records = try await store.read { db in
            try db.role(of: caller, in: workspace, for: .seeWorkspace)
            return try db.idleStops(in: workspace, limit: Self.mostShown)
        }
        let now = clock.now()
        return try records.map { record in
            let saving = try record.price.map { price in
                try IdleSaving(
                    stoppedAt: record.at, autoStopAt: record.autoStopAt, startedAgainAt: record.startedAgainAt, now: now,
                    pricePerHour: price.amount(minutes: 60))
            }
            return Stop(record: record, saving: saving)
        }
    }
}
