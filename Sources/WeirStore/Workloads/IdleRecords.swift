import Foundation
import GRDB
public import WeirModel

/// A policy with who set it and when.
public struct IdlePolicyRecord: Hashable, Sendable {
    public var policy: IdlePolicy
    public var changedBy: Identifier<Account>
    public var changedAt: Timestamp

    init(_ row: Row) throws {
        policy = try row.json("document")
        changedBy = row["changed_by"]
        changedAt = row["changed_at"]
    }
}

/// A running environment that may be stopped for idleness.
public struct IdleCandidate: Sendable {
    public var workload: WorkloadRecord
    public var policy: IdlePolicy
    public var instance: Identifier<Instance>
    public var devices: [String]
}

/// An environment that was stopped for idleness.
public struct IdleStopRecord: Hashable, Sendable {
    public var workload: Identifier<Workload>
    public var name: String
    public var run: Int
    public var at: Timestamp
    public var idleSince: Timestamp
    /// When its own timer would have stopped it.
    public var autoStopAt: Timestamp?
    /// Nil when it was free.
    public var price: RunPrice?
    /// When a person wanted it again, or nobody could any more since it was deleted.
    public var startedAgainAt: Timestamp?
}

extension Cause {
    /// It was idle, by what was looked at. The evidence stands where a person's words would.
    public init(_ evidence: IdleEvidence) throws { self.init("idle", reason: try jsonText(evidence)) }
}

extension TransitionRecord {
    /// The evidence for a stop for idleness; nil of others, and of stops from before it was kept.
    public var idleEvidence: IdleEvidence? {
        guard cause == "idle", let reason else { return nil }
        return try? JSONDecoder().decode(IdleEvidence.self, from: Data(reason.utf8))
    }
}

extension Reading {
    public func idlePolicy(of workspace: Identifier<Workspace>) throws -> IdlePolicyRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM idle_policy WHERE workspace = ?"), arguments: [workspace])
            .map(IdlePolicyRecord.init)
    }

    /// The running environments of workspaces that have a policy, with the container of each.
    public func idleCandidates() throws -> [IdleCandidate] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT workload.*, idle_policy.document AS policy, instance.id AS instance, instance.devices AS devices
                    FROM idle_policy
                    JOIN workload INDEXED BY workload_state ON workload.workspace = idle_policy.workspace
                        AND workload.state = 'running' AND workload.deleted_at IS NULL
                    JOIN instance ON instance.workload = workload.id AND instance.run = workload.run AND instance.ended_at IS NULL
                    WHERE workload.kind = 'environment' AND workload.wanted = 'running' ORDER BY workload.id
                    """)
        ).map { row in
            IdleCandidate(
                workload: try WorkloadRecord(row), policy: try row.json("policy"), instance: row["instance"],
                devices: try row.json("devices"))
        }
    }

    /// The newest first.
    public func idleStops(in workspace: Identifier<Workspace>, _ page: PageRequest) throws -> Page<IdleStopRecord> {
        let place = page.after?.split(separator: "|").map(String.init) ?? []
        let stops = try idleStops(
            in: workspace, "AND (idle_stop.at, idle_stop.workload) < (?, ?) ORDER BY idle_stop.at DESC, idle_stop.workload DESC LIMIT ?",
            [place.first.flatMap { Int64($0) } ?? .max, place.last ?? "~", page.limit + 1])
        return Page(rows: stops, request: page) { "\($0.at.milliseconds)|\($0.workload)" }
    }

    public func idleStops(in workspace: Identifier<Workspace>, since: Timestamp) throws -> [IdleStopRecord] {
        try idleStops(in: workspace, "AND idle_stop.at >= ?", [since])
    }

    private func idleStops(
        in workspace: Identifier<Workspace>, _ which: String, _ arguments: StatementArguments
    ) throws -> [IdleStopRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT idle_stop.*, workload.name AS name, coalesce(
                        (SELECT queued_at FROM run WHERE run.workload = idle_stop.workload AND run.number = idle_stop.run + 1),
                        workload.deleted_at) AS started_again_at
                    FROM idle_stop INDEXED BY idle_stop_workspace JOIN workload ON workload.id = idle_stop.workload
                    WHERE idle_stop.workspace = ? \(which)
                    """), arguments: [workspace] + arguments
        ).map { row in
            IdleStopRecord(
                workload: row["workload"], name: row["name"], run: row["run"], at: row["at"], idleSince: row["idle_since"],
                autoStopAt: row["auto_stop_at"], price: try row.jsonOrNil("price"), startedAgainAt: row["started_again_at"])
        }
    }
}

extension Writing {
    public func setIdlePolicy(
        _ policy: IdlePolicy, of workspace: Identifier<Workspace>, by account: Identifier<Account>, at now: Timestamp
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO idle_policy (workspace, document, changed_by, changed_at) VALUES (?, ?, ?, ?)
                ON CONFLICT (workspace) DO UPDATE SET document = excluded.document, changed_by = excluded.changed_by,
                changed_at = excluded.changed_at
                """, arguments: [workspace, try jsonText(policy), account, now])
        guard policy.after == nil else { return }
        try db.execute(
            sql: "UPDATE workload SET idle_stop_at = NULL WHERE workspace = ? AND idle_stop_at IS NOT NULL", arguments: [workspace])
    }

    /// Says when a running environment is stopped unless it is used; nil takes it back.
    public func setIdleStop(_ moment: Timestamp?, of workload: Identifier<Workload>) throws {
        try db.cachedStatement(sql: "UPDATE workload SET idle_stop_at = ? WHERE id = ? AND state = 'running'")
            .execute(arguments: [moment, workload])
    }

    public func insertIdleStop(of workload: WorkloadRecord, idleSince: Timestamp, at now: Timestamp) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO idle_stop (workload, run, workspace, at, idle_since, auto_stop_at, price)
                SELECT ?1, ?2, ?3, ?4, ?5, ?6, price FROM run WHERE workload = ?1 AND number = ?2
                """
        ).execute(arguments: [workload.id, workload.run, workload.workspace, now, idleSince, workload.stopAt])
    }
}
