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

/// What one measuring has to look at, and whether something may be writing there.
public struct StorageUnitPlan: Sendable {
    public let record: StorageUnitRecord
    /// The trees of an asset's versions, or of a project's frozen code.
    public let trees: [TreeName]
    public let uploads: [Identifier<Upload>]
    /// A container that may write into the unit is there, or may come up any moment.
    public let isWritten: Bool
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

    /// Nil when the unit was deleted.
    public func storagePlan(of unit: StorageUnit) throws -> StorageUnitPlan? {
        guard
            let row = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT * FROM storage_unit WHERE unit = ?"), arguments: [unit.description])
        else { return nil }
        let record = try StorageUnitRecord(row)
        switch unit {
        case .code(let project), .output(let project):
            let isWritten = try Bool.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT EXISTS (SELECT 1 FROM instance JOIN workload ON workload.id = instance.workload
                        WHERE instance.removed_at IS NULL AND workload.project = ? AND workload.kind = 'environment')
                        """), arguments: [project])
            return StorageUnitPlan(record: record, trees: [], uploads: try uploadsOnTheirWay(into: unit), isWritten: isWritten ?? false)
        case .frozen(let project):
            return StorageUnitPlan(record: record, trees: try frozenTrees(of: project), uploads: [], isWritten: false)
        case .result(let workload):
            let isWritten = try !instancesPresent(of: workload).isEmpty
            return StorageUnitPlan(record: record, trees: [], uploads: [], isWritten: isWritten)
        case .home(let account), .netdisk(let account):
            let isWritten = try Bool.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT EXISTS (SELECT 1 FROM instance JOIN workload ON workload.id = instance.workload
                        WHERE instance.removed_at IS NULL AND workload.created_by = ? AND spec ->> '$.access' IS NOT 'shared')
                        """), arguments: [account])
            return StorageUnitPlan(record: record, trees: [], uploads: [], isWritten: isWritten ?? false)
        case .sharedHome(let workspace), .sharedNetdisk(let workspace):
            let isWritten = try Bool.fetchOne(
                db.cachedStatement(
                    sql: """
                        SELECT EXISTS (SELECT 1 FROM instance JOIN workload ON workload.id = instance.workload
                        WHERE instance.removed_at IS NULL AND workload.workspace = ? AND spec ->> '$.access' = 'shared')
                        """), arguments: [workspace])
            return StorageUnitPlan(record: record, trees: [], uploads: [], isWritten: isWritten ?? false)
        case .asset(let asset):
            let trees = try TreeName.fetchAll(
                db.cachedStatement(sql: "SELECT tree FROM asset_version WHERE asset = ? AND deleted_at IS NULL"),
                arguments: [asset])
            return StorageUnitPlan(record: record, trees: trees, uploads: try uploadsOnTheirWay(into: unit), isWritten: false)
        }
    }

    private func uploadsOnTheirWay(into unit: StorageUnit) throws -> [Identifier<Upload>] {
        try Identifier<Upload>.fetchAll(
            db.cachedStatement(sql: "SELECT id FROM upload WHERE unit = ?"), arguments: [unit.description])
    }

    /// The code of the project's jobs and services that were not deleted: they can be run again with it.
    private func frozenTrees(of project: Identifier<Project>) throws -> [TreeName] {
        try TreeName.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT DISTINCT code FROM (SELECT coalesce(
                        json_extract(spec, '$.detail.job._0.code'), json_extract(spec, '$.detail.service._0.code')) AS code
                    FROM workload WHERE project = ? AND kind IN ('job', 'service') AND deleted_at IS NULL) WHERE code IS NOT NULL
                    """), arguments: [project])
    }

    /// People whose netdisk was never counted, each with the open workspace that they joined first.
    public func peopleWithoutNetdisk() throws -> [(Identifier<Account>, Identifier<Workspace>)] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT account, workspace FROM (
                    SELECT member.account, member.workspace,
                        row_number() OVER (PARTITION BY member.account ORDER BY member.since, member.workspace) AS place
                    FROM member JOIN workspace ON workspace.id = member.workspace
                    WHERE workspace.closing_due IS NULL AND workspace.closed_at IS NULL
                    AND NOT EXISTS (SELECT 1 FROM storage_unit WHERE storage_unit.unit = 'netdisk/' || member.account)
                ) WHERE place = 1 ORDER BY account
                """
        ).map { ($0["account"], $0["workspace"]) }
    }

    /// Which workspace pays for what is kept there; nil for what was never used.
    public func payer(of unit: StorageUnit) throws -> Identifier<Workspace>? {
        try Identifier.fetchOne(
            db.cachedStatement(sql: "SELECT workspace FROM storage_unit WHERE unit = ?"), arguments: [unit.description])
    }

    /// What the people hold whose homes and netdisks a workspace pays for; of one person, when one is named.
    public func personalStorage(
        paidBy workspace: Identifier<Workspace>, of account: Identifier<Account>? = nil, most: Int
    ) throws -> [(Identifier<Account>, Bytes)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT account, bytes FROM storage_held
                    WHERE workspace = ?1 AND account <> '' AND (?2 IS NULL OR account = ?2) AND bytes > 0 ORDER BY bytes DESC LIMIT ?3
                    """), arguments: [workspace, account, most]
        ).map { ($0["account"], $0["bytes"]) }
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

    /// A person's home and netdisk are about to be used in a workspace. They are paid for by the workspace that the person chose, else by
    /// that in which they were used first; when the person has left that one, by this one.
    public func openPersonalStorage(of account: Identifier<Account>, in workspace: Identifier<Workspace>) throws {
        for unit in [StorageUnit.home(account), .netdisk(account)] {
            try db.cachedStatement(
                sql: """
                    INSERT INTO storage_unit (unit, workspace, account, kind) VALUES (?1, coalesce((
                        SELECT storage_payer.workspace FROM storage_payer JOIN member
                        ON member.workspace = storage_payer.workspace AND member.account = storage_payer.account
                        JOIN workspace ON workspace.id = storage_payer.workspace
                        WHERE storage_payer.account = ?3 AND closing_due IS NULL), ?2), ?3, ?4)
                    ON CONFLICT (unit) DO UPDATE SET changes = changes + 1
                    """
            ).execute(arguments: [unit.description, workspace, account, StorageKind.netdisk.rawValue])
        }
        try removeUnpaidStorage(of: account)
        let hasLeft = try Bool.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT EXISTS (SELECT 1 FROM storage_unit WHERE unit = ? AND workspace <> ? AND NOT EXISTS
                    (SELECT 1 FROM member WHERE member.workspace = storage_unit.workspace AND member.account = ?))
                    """), arguments: [StorageUnit.home(account).description, workspace, account])
        if hasLeft == true { try movePersonalStorage(of: account, to: workspace) }
    }

    /// Writes a figure down. It stands for the changes up to `changes`; with nil it is taken again next time, since something was being
    /// written. Nothing happens to a unit that was deleted meanwhile.
    /// - Parameters:
    ///   - expected: what had been expected in the unit when its measuring began: what was since then may not have been seen.
    ///   - uploads: how much of each upload on its way the figure holds.
    public func setMeasured(
        _ unit: StorageUnit, bytes: Bytes, files: Int, changes: Int64?, expected: Bytes? = nil, uploads: [Identifier<Upload>: Bytes] = [:],
        at now: Timestamp
    ) throws {
        guard
            let row = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT workspace, account, kind, bytes, expected FROM storage_unit WHERE unit = ?"),
                arguments: [unit.description])
        else { return }
        let (before, expectedNow): (Bytes, Bytes) = (row["bytes"], row["expected"])
        let bytes = bytes + (expectedNow - (expected ?? expectedNow))
        let workspace: Identifier<Workspace> = row["workspace"]
        try db.cachedStatement(
            sql: "UPDATE storage_unit SET bytes = ?, files = ?, measured = coalesce(?, 0), measured_at = ? WHERE unit = ?"
        ).execute(arguments: [bytes, files, changes, now, unit.description])
        if bytes != before { try addHeld(bytes - before, workspace, row["account"], row["kind"]) }
        // One that began while the folder was walked is not in the figure.
        for (upload, counted) in uploads {
            try db.cachedStatement(sql: "UPDATE upload SET counted = ? WHERE id = ?").execute(arguments: [counted, upload])
        }
    }

    /// Counts what has come into a unit before it is measured, so that a quota is not passed in between. The next measuring says
    /// what came of it: the caller marks the unit as changed.
    public func expect(_ bytes: Bytes, in unit: StorageUnit, ofWhichCounted counted: Bytes = 0) throws {
        guard bytes > 0,
            let row = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT workspace, account, kind FROM storage_unit WHERE unit = ?"),
                arguments: [unit.description])
        else { return }
        try db.cachedStatement(sql: "UPDATE storage_unit SET bytes = bytes + ?1, expected = expected + ?2 WHERE unit = ?3")
            .execute(arguments: [bytes - counted, bytes, unit.description])
        try addHeld(bytes - counted, row["workspace"], row["account"], row["kind"])
    }

    /// What is deleted is charged no more, though its files may go a little later.
    func removeStorageUnit(_ unit: StorageUnit) throws {
        try removeStorageUnits("unit = ?", unit.description)
    }

    func removeStorageUnits(of project: Identifier<Project>) throws {
        try removeStorageUnits("project = ?", project.text)
    }

    /// Whatever is left of a workspace that is closed.
    public func removeStorageUnits(of workspace: Identifier<Workspace>) throws {
        try removeStorageUnits("workspace = ?", workspace.text)
    }

    private func removeStorageUnits(_ condition: String, _ value: String) throws {
        let sums = try Row.fetchAll(
            db,
            sql: """
                SELECT workspace, account, kind, sum(bytes) AS bytes FROM storage_unit WHERE \(condition)
                GROUP BY workspace, account, kind
                """, arguments: [value])
        for row in sums {
            let bytes: Bytes = row["bytes"]
            try addHeld(0 - bytes, row["workspace"], row["account"], row["kind"])
        }
        try db.execute(sql: "DELETE FROM storage_unit WHERE \(condition)", arguments: [value])
    }

    func addHeld(_ bytes: Bytes, _ workspace: Identifier<Workspace>, _ account: String, _ kind: String) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO storage_held (workspace, account, kind, bytes) VALUES (?, ?, ?, ?)
                ON CONFLICT (workspace, account, kind) DO UPDATE SET bytes = bytes + excluded.bytes
                """
        ).execute(arguments: [workspace, account, kind, bytes])
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
