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
    public func assets(deletedSince moment: Timestamp) throws -> [(id: Identifier<Asset>, workspace: Identifier<Workspace>)] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT id, workspace FROM asset WHERE deleted_at >= ?"), arguments: [moment]
        ).map { ($0["id"], $0["workspace"]) }
    }

    /// Deleted projects whose files may still be there.
    public func projects(deletedSince moment: Timestamp) throws -> [(id: Identifier<Project>, workspace: Identifier<Workspace>)] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT id, workspace FROM project WHERE deleted_at >= ?"), arguments: [moment]
        ).map { ($0["id"], $0["workspace"]) }
    }

    /// The workspace of an asset or of a project's code, deleted or not.
    public func workspace(keeping unit: StorageUnit) throws -> Identifier<Workspace>? {
        switch unit {
        case .asset(let asset):
            try Identifier<Workspace>.fetchOne(db.cachedStatement(sql: "SELECT workspace FROM asset WHERE id = ?"), arguments: [asset])
        case .code(let project), .frozen(let project), .output(let project):
            try Identifier<Workspace>.fetchOne(
                db.cachedStatement(sql: "SELECT workspace FROM project WHERE id = ?"), arguments: [project])
        case .sharedHome(let workspace), .sharedNetdisk(let workspace): workspace
        case .result, .home, .netdisk: nil
        }
    }
}
