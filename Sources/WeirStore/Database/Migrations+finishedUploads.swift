extension Migrations {
    /// Uploads whose file is in its place, for a day: who did not hear the last answer asks again.
    static let finishedUploads = """
        CREATE TABLE finished_upload (
            id TEXT PRIMARY KEY, unit TEXT NOT NULL, account TEXT NOT NULL, length INTEGER NOT NULL, finished_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX finished_upload_age ON finished_upload (finished_at);
        """
}
