import GRDB
public import WeirModel

extension Reading {
    /// How many workloads of each kind are in each live state, for the metrics.
    public func liveCounts() throws -> [(kind: WorkloadKind, state: WorkloadState, count: Int)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT kind, state, count(*) AS count FROM workload
                    WHERE state IN ('queued', 'deploying', 'running', 'stopping') GROUP BY kind, state
                    """)
        ).map { (try $0.raw("kind"), try $0.raw("state"), $0["count"]) }
    }

    /// Deleted assets whose drafts may still be there.
    public func assets(deletedSince moment: Timestamp) throws -> [Identifier<Asset>] {
        try Identifier<Asset>.fetchAll(
            db.cachedStatement(sql: "SELECT id FROM asset WHERE deleted_at >= ?"), arguments: [moment])
    }

    /// Deleted projects whose files may still be there.
    public func projects(deletedSince moment: Timestamp) throws -> [Identifier<Project>] {
        try Identifier<Project>.fetchAll(
            db.cachedStatement(sql: "SELECT id FROM project WHERE deleted_at >= ?"), arguments: [moment])
    }
}
