import GRDB
public import WeirModel

/// An upload whose file is in its place. A client that did not hear the last answer asks once more, and is told that all has come.
public struct FinishedUpload: Hashable, Sendable {
    public var unit: StorageUnit
    public var account: Identifier<Account>
    public var length: Bytes
}

extension Reading {
    public func finishedUpload(_ id: Identifier<Upload>) throws -> FinishedUpload? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT unit, account, length FROM finished_upload WHERE id = ?"), arguments: [id])
            .map { FinishedUpload(unit: try $0.unit(), account: $0["account"], length: $0["length"]) }
    }
}

extension Writing {
    /// The upload is in its place, and whole.
    public func finish(_ upload: UploadRecord, at now: Timestamp) throws {
        // A measuring that began before may have seen less of it by now than stands in the figure.
        if let record = try read.upload(upload.id) { try expect(record.length, in: record.unit, ofWhichCounted: record.counted) }
        try db.cachedStatement(
            sql: "INSERT OR IGNORE INTO finished_upload (id, unit, account, length, finished_at) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [upload.id, upload.unit.description, upload.account, upload.length, now])
        try remove(upload.id)
    }

    public func forgetFinishedUploads(before moment: Timestamp) throws {
        try db.execute(sql: "DELETE FROM finished_upload WHERE finished_at < ?", arguments: [moment])
    }
}
