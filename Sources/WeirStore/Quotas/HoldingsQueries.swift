import GRDB
public import WeirModel

/// What the workloads that one person started hold in a workspace, and what they wait for.
public struct PersonHoldings: Hashable, Sendable {
    public let workspace: Identifier<Workspace>
    public let account: Identifier<Account>
    /// From being let in until it is gone.
    public var held: Holdings
    /// Of workloads in the queue.
    public var waiting: Holdings
}

extension Reading {
    /// Sums in the database, for thousands of specifications would take long to be read one by one. A share of several GPUs takes each
    /// of them whole, as in `Flavor.demand`.
    private static func holdings(where condition: String) -> String {
        """
        SELECT workspace, started_by, state = 'queued' AS is_waiting, sum(replicas) AS instances, sum(replicas * cpu) AS cpu,
        sum(replicas * memory) AS memory, sum(replicas * CASE WHEN compute > 1000 THEN 1000 * devices ELSE compute END) AS gpu,
        sum(replicas * devices * gpu_memory) AS gpu_memory
        FROM (
            SELECT workspace, started_by, state, spec ->> '$.flavor.cpu' AS cpu, spec ->> '$.flavor.memory' AS memory,
            coalesce(spec ->> '$.detail.service._0.replicas', 1) AS replicas,
            coalesce(spec ->> '$.flavor.gpu.compute', 0) AS compute, coalesce(spec ->> '$.flavor.gpu.memory', 0) AS gpu_memory,
            max(1, (coalesce(spec ->> '$.flavor.gpu.compute', 0) + 999) / 1000) AS devices
            FROM workload WHERE \(condition)
        ) GROUP BY workspace, started_by, is_waiting
        """
    }

    static let holdingsOfWorkspace = holdings(
        where: """
            workspace = ? AND deleted_at IS NULL AND state IN ('queued', 'deploying', 'running', 'stopping')
            AND (state <> 'queued' OR wanted = 'running')
            """)
    static let holdingsOfAll = holdings(
        where: "state IN ('queued', 'deploying', 'running', 'stopping') AND (state <> 'queued' OR wanted = 'running')")

    /// Of each person with workloads that are live: in one workspace, or everywhere.
    public func holdings(in workspace: Identifier<Workspace>? = nil) throws -> [PersonHoldings] {
        let rows =
            if let workspace {
                try Row.fetchAll(db.cachedStatement(sql: Self.holdingsOfWorkspace), arguments: [workspace])
            } else {
                try Row.fetchAll(db.cachedStatement(sql: Self.holdingsOfAll))
            }
        var byPerson: [Identifier<Account>: [Identifier<Workspace>: PersonHoldings]] = [:]
        var order: [(Identifier<Account>, Identifier<Workspace>)] = []
        for row in rows {
            let (workspace, account): (Identifier<Workspace>, Identifier<Account>) = (row["workspace"], row["started_by"])
            let sum = Holdings(
                cpu: row["cpu"], memory: row["memory"], gpu: row["gpu"], gpuMemory: row["gpu_memory"], instances: row["instances"])
            var person =
                byPerson[account]?[workspace]
                ?? PersonHoldings(workspace: workspace, account: account, held: .none, waiting: .none)
            if byPerson[account]?[workspace] == nil { order.append((account, workspace)) }
            if row["is_waiting"] { person.waiting = sum } else { person.held = sum }
            byPerson[account, default: [:]][workspace] = person
        }
        return order.compactMap { byPerson[$0.0]?[$0.1] }
    }

    /// What is held of the zone by workloads between being let in and being gone.
    public func resourcesHeld() throws -> Holdings {
        try holdings().reduce(Holdings.none) { $0 + $1.held }
    }

    /// What a workspace keeps: libraries, code, outputs, images, and the homes and netdisks that it pays for. As measured last; what an
    /// upload brings is added when it begins.
    public func storageKept(by workspace: Identifier<Workspace>) throws -> Bytes {
        try Bytes.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT (SELECT coalesce(sum(bytes), 0) FROM storage_held WHERE workspace = ?1) + (
                        SELECT coalesce(sum(size), 0)
                        FROM (SELECT max(size) AS size FROM image WHERE workspace = ?1 GROUP BY digest)
                    ) + (
                        SELECT coalesce(sum(upload.length - upload.counted), 0) FROM storage_unit JOIN upload ON upload.unit = storage_unit.unit
                        WHERE storage_unit.workspace = ?1
                    )
                    """), arguments: [workspace]) ?? 0
    }

    /// What a person keeps in a workspace: home and netdisk where it pays for them, and the assets that the person made, or was left by others.
    public func storageKept(by account: Identifier<Account>, in workspace: Identifier<Workspace>) throws -> Bytes {
        try Bytes.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT (SELECT coalesce(sum(bytes), 0) FROM storage_held WHERE workspace = ?1 AND account = ?2) + (
                        SELECT coalesce(sum(storage_unit.bytes), 0) FROM asset INDEXED BY asset_keeper
                        JOIN storage_unit ON storage_unit.unit = 'asset/' || asset.id
                        WHERE asset.workspace = ?1 AND asset.keeper = ?2 AND asset.deleted_at IS NULL
                    ) + (
                        SELECT coalesce(sum(upload.length - upload.counted), 0) FROM asset INDEXED BY asset_keeper
                        JOIN upload ON upload.unit = 'asset/' || asset.id
                        WHERE asset.workspace = ?1 AND asset.keeper = ?2 AND asset.deleted_at IS NULL
                    )
                    """), arguments: [workspace, account]) ?? 0
    }

    /// The same of everybody in the workspace at once.
    public func storageKeptByPeople(in workspace: Identifier<Workspace>) throws -> [Identifier<Account>: Bytes] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT account, sum(bytes) AS bytes FROM (
                        SELECT account, bytes FROM storage_held WHERE workspace = ?1 AND account <> ''
                        UNION ALL
                        SELECT asset.keeper AS account, storage_unit.bytes FROM asset INDEXED BY asset_keeper
                        JOIN storage_unit ON storage_unit.unit = 'asset/' || asset.id
                        WHERE asset.workspace = ?1 AND asset.deleted_at IS NULL
                        UNION ALL
                        SELECT asset.keeper AS account, upload.length - upload.counted AS bytes FROM asset INDEXED BY asset_keeper
                        JOIN upload ON upload.unit = 'asset/' || asset.id
                        WHERE asset.workspace = ?1 AND asset.deleted_at IS NULL
                    ) GROUP BY account
                    """), arguments: [workspace])
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["account"], $0["bytes"]) })
    }
}

extension Reading {
    /// `storageKept(by:)` of every workspace that keeps anything, at once.
    public func storageKeptByWorkspaces() throws -> [Identifier<Workspace>: Bytes] {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT workspace, sum(bytes) AS bytes FROM (
                        SELECT workspace, bytes FROM storage_held
                        UNION ALL
                        SELECT workspace, max(size) AS bytes FROM image WHERE workspace IS NOT NULL GROUP BY workspace, digest
                        UNION ALL
                        SELECT storage_unit.workspace, upload.length - upload.counted AS bytes
                        FROM upload JOIN storage_unit ON storage_unit.unit = upload.unit
                    ) GROUP BY workspace
                    """))
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["workspace"], $0["bytes"]) })
    }
}
