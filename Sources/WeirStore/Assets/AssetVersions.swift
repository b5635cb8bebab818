import GRDB
public import WeirModel

public struct AssetVersionRecord: Hashable, Sendable {
    public var asset: Identifier<Asset>
    public var number: Int
    public var tree: TreeName
    public var size: Bytes
    /// What the version takes on the disk beside the versions before it.
    public var added: Bytes
    public var files: Int
    public var note: String
    /// The job whose output the version was made of.
    public var origin: Identifier<Workload>?
    public var createdBy: Identifier<Account>
    public var createdAt: Timestamp

    public init(
        asset: Identifier<Asset>, number: Int, tree: TreeName, size: Bytes, added: Bytes, files: Int, note: String,
        origin: Identifier<Workload>?, createdBy: Identifier<Account>, createdAt: Timestamp
    ) {
        self.asset = asset
        self.number = number
        self.tree = tree
        self.size = size
        self.added = added
        self.files = files
        self.note = note
        self.origin = origin
        self.createdBy = createdBy
        self.createdAt = createdAt
    }

    init(_ row: Row) {
        asset = row["asset"]
        number = row["number"]
        tree = row["tree"]
        size = row["size"]
        added = row["added"]
        files = row["files"]
        note = row["note"]
        origin = row["origin"]
        createdBy = row["created_by"]
        createdAt = row["created_at"]
    }
}

extension Reading {
    /// The newest versions first.
    public func versions(of asset: Identifier<Asset>, _ page: PageRequest) throws -> Page<AssetVersionRecord> {
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM asset_version WHERE asset = ? AND deleted_at IS NULL AND number < ? ORDER BY number DESC LIMIT ?
                    """), arguments: [asset, page.after.flatMap { Int64($0) } ?? .max, page.limit + 1])
        return Page(rows: rows.map(AssetVersionRecord.init), request: page) { String($0.number) }
    }

    public func latestVersion(of asset: Identifier<Asset>) throws -> AssetVersionRecord? {
        try versions(of: asset, PageRequest(limit: 1)).items.first
    }

    public func version(_ number: Int, of asset: Identifier<Asset>) throws -> AssetVersionRecord? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT * FROM asset_version WHERE asset = ? AND number = ? AND deleted_at IS NULL"),
            arguments: [asset, number]
        ).map(AssetVersionRecord.init)
    }

    /// The trees that something still refers to: versions that are not deleted, the code of every run that can be run
    /// again, and what is mounted now.
    public func treesInUse() throws -> Set<TreeName> {
        var trees = Set(
            try TreeName.fetchAll(db.cachedStatement(sql: "SELECT tree FROM asset_version WHERE deleted_at IS NULL")))
        let rows = try Row.fetchCursor(db, sql: "SELECT spec, state FROM workload WHERE deleted_at IS NULL")
        while let row = try rows.next() {
            let spec: WorkloadSpec = try row.json("spec")
            let state: WorkloadState = try row.raw("state")
            trees.formUnion(state.isFinal ? spec.code.map { [$0] } ?? [] : spec.trees)
        }
        return trees
    }
}

extension Writing {
    /// Adds the next version and gives its number.
    public func insertNext(_ version: AssetVersionRecord) throws -> Int {
        try db.execute(
            sql: "UPDATE asset SET latest = latest + 1, newest = latest + 1, changed_at = ? WHERE id = ? AND deleted_at IS NULL",
            arguments: [version.createdAt, version.asset])
        guard
            let number = try Int.fetchOne(
                db.cachedStatement(sql: "SELECT latest FROM asset WHERE id = ? AND deleted_at IS NULL"), arguments: [version.asset])
        else { throw WeirError.notFound("asset") }
        try db.execute(
            sql: """
                INSERT INTO asset_version (asset, number, tree, size, added, files, note, origin, created_by, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                version.asset, number, version.tree, version.size, version.added, version.files, version.note,
                version.origin, version.createdBy, version.createdAt,
            ])
        try markChanged(.asset(version.asset))
        return number
    }

    public func markDeleted(version number: Int, of asset: Identifier<Asset>, at now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE asset_version SET deleted_at = ? WHERE asset = ? AND number = ?",
            arguments: [now, asset, number])
        try db.execute(
            sql: """
                UPDATE asset SET newest = coalesce(
                    (SELECT max(number) FROM asset_version WHERE asset = ?1 AND deleted_at IS NULL), 0) WHERE id = ?1
                """, arguments: [asset])
        try markChanged(.asset(asset))
    }
}
