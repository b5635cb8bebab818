import GRDB
public import WeirModel

/// The way of one workspace towards a deletion: since when, what was announced when, and who approved (BIL-20).
public struct ArrearsDeletionRecord: Hashable, Sendable {
    public let workspace: Identifier<Workspace>
    public let since: Timestamp
    public var announced: [Int: Timestamp]
    public var approvedBy: Identifier<Account>?
    public var approvedAt: Timestamp?

    public init(workspace: Identifier<Workspace>, since: Timestamp) {
        self.workspace = workspace
        self.since = since
        announced = [:]
    }

    init(_ row: Row) throws {
        workspace = row["workspace"]
        since = row["since"]
        announced = try row.json("announced")
        approvedBy = row["approved_by"]
        approvedAt = row["approved_at"]
    }

    public var rule: ArrearsDeletion { ArrearsDeletion(since: since, announced: announced, approved: approvedBy != nil) }
}

/// Something that was deleted after 60 days in arrears. It is written down before it is deleted.
public struct ArrearsDeletedRecord: Hashable, Sendable {
    public var sequence: Int64
    public let workspace: Identifier<Workspace>
    public let at: Timestamp
    /// `upload/upl_…`, `draft/ast_…`, `result/wkl_…`, `version/ast_…/3`.
    public let item: String
    public let name: String
    public let bytes: Bytes
    public let approvedBy: Identifier<Account>

    init(_ row: Row) {
        sequence = row["sequence"]
        workspace = row["workspace"]
        at = row["at"]
        item = row["item"]
        name = row["name"]
        bytes = row["bytes"]
        approvedBy = row["approved_by"]
    }
}

extension Reading {
    public func arrearsDeletion(of workspace: Identifier<Workspace>) throws -> ArrearsDeletionRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM arrears_deletion WHERE workspace = ?"), arguments: [workspace])
            .map(ArrearsDeletionRecord.init)
    }

    public func arrearsDeletions(
        after cursor: Identifier<Workspace>? = nil, limit: Int = 1000
    ) throws -> [ArrearsDeletionRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM arrears_deletion WHERE workspace > ? ORDER BY workspace LIMIT ?"),
            arguments: [cursor?.text ?? "", limit]
        ).map(ArrearsDeletionRecord.init)
    }

    /// What was deleted of a workspace, the last first, without what others than `viewer` kept to themselves.
    public func arrearsDeleted(
        of workspace: Identifier<Workspace>, seenBy viewer: Identifier<Account>, _ page: PageRequest
    ) throws -> Page<ArrearsDeletedRecord> {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM arrears_deleted WHERE workspace = ? AND (keeper IS NULL OR keeper = ?) AND sequence < ?
                    ORDER BY sequence DESC LIMIT ?
                    """), arguments: [workspace, viewer, page.after.flatMap { Int64($0) } ?? .max, page.limit + 1])
        return Page(rows: rows.map(ArrearsDeletedRecord.init), request: page) { String($0.sequence) }
    }

    // MARK: What may be deleted, in the order in which it is

    /// The oldest first.
    public func uploads(in workspace: Identifier<Workspace>, most: Int) throws -> [UploadRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT upload.* FROM upload JOIN storage_unit ON storage_unit.unit = upload.unit
                    WHERE storage_unit.workspace = ? ORDER BY upload.id LIMIT ?
                    """), arguments: [workspace, most]
        ).map(UploadRecord.init)
    }

    /// All assets of a workspace, of every kind and whoever sees them, the longest unchanged first.
    public func assets(in workspace: Identifier<Workspace>, most: Int) throws -> [AssetRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT * FROM asset WHERE workspace = ? AND deleted_at IS NULL ORDER BY changed_at, id LIMIT ?"),
            arguments: [workspace, most]
        ).map(AssetRecord.init)
    }

    /// The outputs of jobs and services that have ended, by their end.
    public func endedResults(
        in workspace: Identifier<Workspace>, most: Int
    ) throws -> [(workload: Identifier<Workload>, project: Identifier<Project>, name: String, bytes: Bytes)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT workload.id, workload.project, workload.name, storage_unit.bytes
                    FROM storage_unit JOIN workload ON workload.id = substr(storage_unit.unit, 8)
                    WHERE storage_unit.workspace = ? AND storage_unit.bytes > 0 AND substr(storage_unit.unit, 1, 7) = 'result/'
                    AND workload.state IN ('stopped', 'completed', 'failed')
                    AND NOT EXISTS (SELECT 1 FROM instance WHERE instance.workload = workload.id AND removed_at IS NULL)
                    ORDER BY workload.ended_at, workload.id LIMIT ?
                    """), arguments: [workspace, most]
        ).map { ($0["id"], $0["project"], $0["name"], $0["bytes"]) }
    }

    /// The oldest versions first, but the latest one of each asset after all others.
    public func versionsByAge(
        in workspace: Identifier<Workspace>, most: Int
    ) throws -> [(name: String, keeper: Identifier<Account>?, version: AssetVersionRecord)] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT asset_version.*, asset.name AS asset_name, CASE visibility WHEN 'owner' THEN keeper END AS keeper
                    FROM asset_version JOIN asset ON asset.id = asset_version.asset
                    WHERE asset.workspace = ? AND asset.deleted_at IS NULL AND asset_version.deleted_at IS NULL
                    ORDER BY asset_version.number = (
                        SELECT max(number) FROM asset_version AS other WHERE other.asset = asset.id AND other.deleted_at IS NULL),
                    asset_version.created_at, asset_version.asset, asset_version.number LIMIT ?
                    """), arguments: [workspace, most]
        ).map { ($0["asset_name"], $0["keeper"], AssetVersionRecord($0)) }
    }
}

extension Writing {
    public func beginArrearsDeletion(_ record: ArrearsDeletionRecord) throws {
        try db.execute(
            sql: "INSERT INTO arrears_deletion (workspace, since) VALUES (?, ?) ON CONFLICT DO NOTHING",
            arguments: [record.workspace, record.since])
    }

    public func update(_ record: ArrearsDeletionRecord) throws {
        try db.execute(
            sql: "UPDATE arrears_deletion SET announced = ?, approved_by = ?, approved_at = ? WHERE workspace = ? AND since = ?",
            arguments: [try jsonText(record.announced), record.approvedBy, record.approvedAt, record.workspace, record.since])
    }

    public func endArrearsDeletion(of workspace: Identifier<Workspace>) throws {
        try db.execute(sql: "DELETE FROM arrears_deletion WHERE workspace = ?", arguments: [workspace])
    }

    /// To be called in the transaction that deletes, or before what is deleted outside of the database.
    public func noteDeleted(
        _ item: String, name: String, keeper: Identifier<Account>?, bytes: Bytes, under record: ArrearsDeletionRecord,
        by operatorID: Identifier<Account>,
        at now: Timestamp
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO arrears_deleted (workspace, since, at, item, name, keeper, bytes, approved_by)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """, arguments: [record.workspace, record.since, now, item, name, keeper, bytes, operatorID])
    }
}
