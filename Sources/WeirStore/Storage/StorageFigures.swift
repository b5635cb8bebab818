import GRDB
public import WeirModel

/// How much lies in each unit of storage, and what comes and goes between two measurings.
extension Writing {
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
