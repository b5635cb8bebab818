import GRDB
public import WeirModel

/// An upload on its way, with its owner and its goal. The file's own length says how far it has come.
public struct UploadRecord: Hashable, Sendable {
    public var id: Identifier<Upload>
    /// An asset's draft, or a project's code.
    public var unit: StorageUnit
    public var account: Identifier<Account>
    public var path: String
    public var length: Bytes
    /// The part of it that stands in the figure of its unit.
    public var counted: Bytes = 0
    public var createdAt: Timestamp

    public init(
        id: Identifier<Upload>, unit: StorageUnit, account: Identifier<Account>, path: String, length: Bytes,
        createdAt: Timestamp
    ) {
        self.id = id
        self.unit = unit
        self.account = account
        self.path = path
        self.length = length
        self.createdAt = createdAt
    }

    init(_ row: Row) throws {
        id = row["id"]
        unit = try row.unit()
        account = row["account"]
        path = row["path"]
        length = row["length"]
        counted = row["counted"]
        createdAt = row["created_at"]
    }
}

extension Reading {
    public func upload(_ id: Identifier<Upload>) throws -> UploadRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM upload WHERE id = ?"), arguments: [id]).map(UploadRecord.init)
    }

    /// One person's, the oldest first.
    public func uploads(into unit: StorageUnit, of account: Identifier<Account>) throws -> [UploadRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM upload INDEXED BY upload_account WHERE account = ? AND unit = ? ORDER BY id LIMIT 1000"),
            arguments: [account, unit.description]
        ).map(UploadRecord.init)
    }

    public func uploadCount(into unit: StorageUnit, of account: Identifier<Account>) throws -> Int {
        try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM upload INDEXED BY upload_account WHERE account = ? AND unit = ?"),
            arguments: [account, unit.description]) ?? 0
    }

    /// Everybody's, the oldest first, a thousand at most.
    public func uploads(into unit: StorageUnit) throws -> [UploadRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM upload WHERE unit = ? ORDER BY id LIMIT 1000"), arguments: [unit.description]
        ).map(UploadRecord.init)
    }

    public func uploads(createdBefore moment: Timestamp) throws -> [UploadRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM upload WHERE created_at < ? LIMIT 1000"), arguments: [moment]
        ).map(UploadRecord.init)
    }
}

extension Writing {
    public func insert(_ upload: UploadRecord) throws {
        try db.execute(
            sql: "INSERT INTO upload (id, unit, account, path, length, created_at) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [upload.id, upload.unit.description, upload.account, upload.path, upload.length, upload.createdAt])
        try markChanged(upload.unit)
    }

    /// Lets somebody's uploads into a workspace be as old as those that nobody went on with: the next cleaning discards them with their files.
    public func abandonUploads(of account: Identifier<Account>, in workspace: Identifier<Workspace>) throws {
        try db.execute(
            sql: """
                UPDATE upload INDEXED BY upload_account SET created_at = 0
                WHERE account = ? AND unit IN (SELECT unit FROM storage_unit WHERE workspace = ?)
                """, arguments: [account, workspace])
    }

    public func remove(_ upload: Identifier<Upload>) throws {
        if let record = try read.upload(upload) { try markChanged(record.unit) }
        try db.execute(sql: "DELETE FROM upload WHERE id = ?", arguments: [upload])
    }
}
