import GRDB
public import WeirModel

/// The figures of the units of storage, with what comes and goes between two measurings.
extension Writing {
    /// Writes a figure down. It stands for the changes up to `changes`; with nil it is taken again next time, since something was being
    /// written. Nothing happens to a unit that was deleted meanwhile.
    /// - Parameters:
    ///   - expected: what had been expected in the unit when its measuring began: what was since then may not have been seen.
    ///   - uploads: how much the figure holds of each upload that was on its way when its measuring began.
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
        var bytes = bytes + (expectedNow - (expected ?? expectedNow))
        for (upload, counted) in uploads {
            if try read.finishedUpload(upload) != nil {
                // It ended while the folder was walked: all of it has been expected since, and the part that was seen of it is among that.
                bytes = bytes - counted
            } else {
                try db.cachedStatement(sql: "UPDATE upload SET counted = ? WHERE id = ?").execute(arguments: [counted, upload])
            }
        }
        let workspace: Identifier<Workspace> = row["workspace"]
        try db.cachedStatement(
            sql: "UPDATE storage_unit SET bytes = ?, files = ?, measured = coalesce(?, 0), measured_at = ? WHERE unit = ?"
        ).execute(arguments: [bytes, files, changes, now, unit.description])
        if bytes != before { try addHeld(bytes - before, workspace, row["account"], row["kind"]) }
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
