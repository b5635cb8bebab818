import GRDB
public import WeirModel

/// What one measuring has to look at, and whether something may be writing there.
public struct StorageUnitPlan: Sendable {
    public let record: StorageUnitRecord
    /// The trees of an asset's versions, or of a project's frozen code.
    public let trees: [TreeName]
    public let uploads: [Identifier<Upload>]
    /// A container that may write into the unit is there, or may come up any moment.
    public let isWritten: Bool
}

extension Reading {
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
}
