import GRDB
public import WeirModel

/// A version of a dataset or a model that workloads of a project have mounted.
public struct ProjectDataRecord: Hashable, Sendable {
    public let asset: Identifier<Asset>
    public let version: Int
    /// How many workloads have it, and how many of those run or wait.
    public let workloads: Int
    public let live: Int
    public let lastWorkload: Identifier<Workload>
    public let lastWorkloadName: String
    /// Whether the version is still there.
    public let isKept: Bool

    init(_ row: Row) {
        asset = row["asset"]
        version = row["version"]
        workloads = row["workloads"]
        live = row["live"]
        lastWorkload = row["last_workload"]
        lastWorkloadName = row["last_name"]
        isKept = row["is_kept"]
    }
}

extension Reading {
    /// What the project's newest 1000 workloads have mounted, what was used last first (PRJ-13).
    public func mountedData(of project: Identifier<Project>) throws -> [ProjectDataRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    WITH recent AS (
                        SELECT id, name, state, spec FROM workload WHERE project = ? AND deleted_at IS NULL ORDER BY id DESC LIMIT 1000
                    ), mounted AS (
                        SELECT recent.id, recent.name, recent.state, value ->> '$.asset' AS asset, value ->> '$.version' AS version
                        FROM recent, json_each(recent.spec, '$.datasets')
                        UNION ALL
                        SELECT recent.id, recent.name, recent.state, value ->> '$.asset', value ->> '$.version'
                        FROM recent, json_each(recent.spec, '$.models')
                    )
                    SELECT asset, version, count(*) AS workloads, max(id) AS last_workload, name AS last_name,
                        sum(state IN ('queued', 'deploying', 'running', 'stopping')) AS live,
                        EXISTS (SELECT 1 FROM asset_version v JOIN asset a ON a.id = v.asset WHERE v.asset = mounted.asset
                            AND v.number = mounted.version AND v.deleted_at IS NULL AND a.deleted_at IS NULL) AS is_kept
                    FROM mounted GROUP BY asset, version ORDER BY last_workload DESC
                    """), arguments: [project]
        ).map(ProjectDataRecord.init)
    }
}
