extension Migrations {
    /// An upload goes into an asset's draft or into a project's code: the unit of storage that it counts for says which.
    static let uploads = """
        ALTER TABLE upload RENAME TO upload_before;
        DROP INDEX upload_asset;
        CREATE TABLE upload (
            id TEXT PRIMARY KEY, unit TEXT NOT NULL, account TEXT NOT NULL, path TEXT NOT NULL, length INTEGER NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX upload_unit ON upload (unit);
        INSERT INTO upload SELECT id, 'asset/' || asset, account, path, length, created_at FROM upload_before;
        DROP TABLE upload_before;
        """
}
