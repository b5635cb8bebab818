import GRDB
public import WeirModel

/// A run that was let in once, as far as it tells what was wanted, when and for how long.
public struct QueuedRun: Hashable, Sendable {
    /// Where a part of a history goes on.
    public struct Place: Hashable, Sendable {
        public let queuedAt: Timestamp
        public let workload: Identifier<Workload>
        public let run: Int
    }

    public let place: Place
    public let name: String
    /// The names of its workspace and of who started it.
    public let workspace: String
    public let account: String
    public let flavor: Flavor
    public let spec: WorkloadSpec
    public let replicas: Int
    public let start: Timestamp
    /// Nil while it runs.
    public let end: Timestamp?

    init(_ row: Row) throws {
        place = Place(queuedAt: row["queued_at"], workload: row["workload"], run: row["number"])
        (name, workspace, account) = (row["name"], row["workspace_name"], row["login"])
        (flavor, spec, replicas) = (try row.json("flavor"), try row.json("spec"), row["replicas"])
        (start, end) = (row["running_at"], row["ended_at"])
    }
}

extension Reading {
    /// The runs that began to wait in a span and ran, in the order in which they did, after a place.
    public func queuedRuns(in span: Range<Timestamp>, after place: QueuedRun.Place?, limit: Int) throws -> [QueuedRun] {
        try Row.fetchAll(
            db.cachedStatement(sql: Self.queuedRunsQuery),
            arguments: [
                max(span.lowerBound, place?.queuedAt ?? span.lowerBound), span.upperBound, place?.queuedAt ?? Timestamp(milliseconds: 0),
                place?.workload.text ?? "", place?.run ?? 0, limit,
            ]
        ).map(QueuedRun.init)
    }

    static let queuedRunsQuery = """
        SELECT run.workload, run.number, run.flavor, run.replicas, run.queued_at, run.running_at, run.ended_at, workload.name,
        workload.spec, workspace.name AS workspace_name, account.login
        FROM run INDEXED BY run_queued JOIN workload ON workload.id = run.workload
        JOIN workspace ON workspace.id = workload.workspace JOIN account ON account.id = run.started_by
        WHERE run.queued_at >= ? AND run.queued_at < ? AND run.running_at IS NOT NULL
        AND (run.queued_at, run.workload, run.number) > (?, ?, ?)
        ORDER BY run.queued_at, run.workload, run.number LIMIT ?
        """

    /// By the workspace's name: its weight in the fair share, where it is not the plain one.
    public func workspaceWeights() throws -> [String: Int] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT allowance.document, workspace.name FROM allowance JOIN workspace ON workspace.id = allowance.workspace
                    WHERE allowance.scope = ?
                    """), arguments: [QuotaScope.workspace.description])
        var weights: [String: Int] = [:]
        for row in rows {
            let allowance: Allowance = try row.json("document")
            if allowance.weight != Allowance.plainWeight { weights[row["name"]] = allowance.weight }
        }
        return weights
    }
}
