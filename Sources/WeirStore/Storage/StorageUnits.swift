import GRDB
public import WeirModel

/// A unit of storage with its figure.
public struct StorageUnitRecord: Hashable, Sendable {
    public var unit: StorageUnit
    public var workspace: Identifier<Workspace>
    public var project: Identifier<Project>?
    public var kind: StorageKind
    public var bytes: Bytes
    public var files: Int
    /// Counts what may have changed it.
    public var changes: Int64
    /// All that was ever expected in it, which only grows.
    public var expected: Bytes
    /// When its figure was taken last; nil before the first time.
    public var measuredAt: Timestamp?

    init(_ row: Row) throws {
        unit = try row.unit()
        workspace = row["workspace"]
        project = row["project"]
        kind = try row.raw("kind")
        bytes = row["bytes"]
        files = row["files"]
        changes = row["changes"]
        expected = row["expected"]
        measuredAt = row["measured_at"]
    }
}

extension Row {
    func unit() throws -> StorageUnit {
        let text: String = self["unit"]
        guard let unit = StorageUnit(text) else { throw CorruptColumn(column: "unit", value: text) }
        return unit
    }
}

extension Reading {
    /// The units that may differ from their figures; those that have waited longest first.
    public func storageUnitsChanged(most: Int) throws -> [StorageUnit] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT unit FROM storage_unit WHERE changes <> measured ORDER BY measured_at, unit LIMIT ?"),
            arguments: [most]
        ).map { try $0.unit() }
    }

    /// The same of one workspace.
    public func storageUnitsChanged(in workspace: Identifier<Workspace>, most: Int) throws -> [StorageUnit] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT unit FROM storage_unit WHERE workspace = ? AND changes <> measured ORDER BY measured_at, unit LIMIT ?"),
            arguments: [workspace, most]
        ).map { try $0.unit() }
    }

    public func storageUnits(of workspace: Identifier<Workspace>) throws -> [StorageUnitRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM storage_unit WHERE workspace = ? ORDER BY unit"), arguments: [workspace]
        ).map(StorageUnitRecord.init)
    }

    /// Of those that `viewer` may know of: neither others' homes and netdisks nor what others keep to themselves is among them (DAT-14).
    public func largestStorageUnits(
        of workspace: Identifier<Workspace>, seenBy viewer: Identifier<Account>, most: Int
    ) throws -> [StorageUnitRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM storage_unit WHERE workspace = ? AND bytes > 0 AND account IN ('', ?) AND NOT EXISTS (
                        SELECT 1 FROM asset WHERE asset.id = substr(unit, 7) AND visibility = 'owner' AND keeper <> ?)
                    ORDER BY bytes DESC LIMIT ?
                    """), arguments: [workspace, viewer, viewer, most]
        ).map(StorageUnitRecord.init)
    }

    /// The workspace that pays for what is kept there; nil for a unit that was never used.
    public func payer(of unit: StorageUnit) throws -> Identifier<Workspace>? {
        try Identifier.fetchOne(
            db.cachedStatement(sql: "SELECT workspace FROM storage_unit WHERE unit = ?"), arguments: [unit.description])
    }

    /// What each person keeps to themselves of a workspace's libraries, in sum; those who keep most.
    public func privateStorage(in workspace: Identifier<Workspace>, most: Int) throws -> [(Identifier<Account>, Bytes)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT keeper, sum(storage_unit.bytes) AS bytes FROM asset INDEXED BY asset_keeper
                    JOIN storage_unit ON storage_unit.unit = 'asset/' || asset.id
                    WHERE asset.workspace = ? AND asset.deleted_at IS NULL AND visibility = 'owner'
                    GROUP BY keeper HAVING sum(storage_unit.bytes) > 0 ORDER BY sum(storage_unit.bytes) DESC LIMIT ?
                    """), arguments: [workspace, most]
        ).map { ($0["keeper"], $0["bytes"]) }
    }

    /// What a workspace holds by kind; its own images are read from their records.
    public func storageHeld(by workspace: Identifier<Workspace>) throws -> [StorageKind: Bytes] {
        var held: [StorageKind: Bytes] = [:]
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT kind, bytes FROM storage_held WHERE workspace = ? AND account = ''"),
            arguments: [workspace])
        for row in rows { held[try row.raw("kind")] = row["bytes"] }
        held[.images] = try Bytes.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT coalesce(sum(size), 0) FROM (SELECT max(size) AS size FROM image WHERE workspace = ? GROUP BY digest)
                    """), arguments: [workspace])
        return held.filter { $0.value != 0 }
    }
}

extension Writing {
    /// To be called before something in the unit changes, or in the transaction that changes it.
    public func markChanged(_ unit: StorageUnit) throws {
        try db.cachedStatement(sql: "UPDATE storage_unit SET changes = changes + 1 WHERE unit = ?")
            .execute(arguments: [unit.description])
    }

    /// To be called when a workload gets or gives up the code that was frozen for it.
    func markFrozenCodeChanged(by workload: Identifier<Workload>) throws {
        try db.cachedStatement(
            sql: """
                UPDATE storage_unit SET changes = changes + 1
                WHERE unit = (SELECT 'frozen/' || project FROM workload WHERE id = ? AND kind IN ('job', 'service'))
                """
        ).execute(arguments: [workload])
    }

    func insertStorageUnit(
        _ unit: StorageUnit, of workspace: Identifier<Workspace>, in project: Identifier<Project>?, kind: StorageKind
    ) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO storage_unit (unit, workspace, project, kind) VALUES (?, ?, ?, ?)
                ON CONFLICT (unit) DO UPDATE SET changes = changes + 1
                """
        ).execute(arguments: [unit.description, workspace, project, kind.rawValue])
    }

    /// What a new container of the workload may write into.
    func markWritable(by workload: Identifier<Workload>) throws {
        guard
            let row = try Row.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT workspace, project, kind, created_by, spec ->> '$.access' IS 'shared' AS is_shared FROM workload WHERE id = ?
                        """),
                arguments: [workload])
        else { return }
        let kind: WorkloadKind = try row.raw("kind")
        if row["is_shared"] {
            let workspace: Identifier<Workspace> = row["workspace"]
            for unit in [StorageUnit.sharedHome(workspace), .sharedNetdisk(workspace)] {
                try insertStorageUnit(unit, of: workspace, in: nil, kind: .shared)
            }
        } else if kind != .board {
            try openPersonalStorage(of: row["created_by"], in: row["workspace"])
        }
        switch kind {
        case .environment:
            try markChanged(.code(row["project"]))
            try markChanged(.output(row["project"]))
        case .job, .service:
            try insertStorageUnit(.result(workload), of: row["workspace"], in: row["project"], kind: .outputs)
        case .board: break
        }
    }

}

extension Reading {
    /// What people call a unit of storage: the name of the project, the job, the asset or the person.
    public func name(of unit: StorageUnit) throws -> String {
        let (table, id) =
            switch unit {
            case .code(let project), .frozen(let project), .output(let project): ("project", project.text)
            case .result(let workload): ("workload", workload.text)
            case .asset(let asset): ("asset", asset.text)
            case .home(let account), .netdisk(let account): ("account", account.text)
            case .sharedHome(let workspace), .sharedNetdisk(let workspace): ("workspace", workspace.text)
            }
        let column = table == "account" ? "login" : "name"
        return try String.fetchOne(db.cachedStatement(sql: "SELECT \(column) FROM \(table) WHERE id = ?"), arguments: [id]) ?? id
    }
}
