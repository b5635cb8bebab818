import GRDB
public import WeirModel

/// A finished run, as far as it tells how long such runs last.
public struct FinishedRun: Hashable, Sendable {
    public var kind: WorkloadKind
    public var flavor: String
    public var account: Identifier<Account>
    /// From entering running to its end.
    public var seconds: Int64

    init(_ row: Row) throws {
        kind = try row.raw("kind")
        let flavor: Flavor = try row.json("flavor")
        self.flavor = flavor.name
        account = row["started_by"]
        seconds = (row["ended_at"] as Int64 - row["running_at"] as Int64) / 1000
    }
}

extension Reading {
    /// The last runs that ran and are over, newest first.
    public func finishedRuns(limit: Int) throws -> [FinishedRun] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT workload.kind, run.flavor, run.started_by, run.running_at, run.ended_at
                    FROM run INDEXED BY run_finished JOIN workload ON workload.id = run.workload
                    WHERE run.running_at IS NOT NULL AND run.ended_at IS NOT NULL ORDER BY run.ended_at DESC LIMIT ?
                    """), arguments: [limit]
        ).map(FinishedRun.init)
    }
}
