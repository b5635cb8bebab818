extension Migrations {
    /// When idle environments are stopped (X18), and which were.
    static let idle = """
        ALTER TABLE workload ADD COLUMN idle_stop_at INTEGER;

        CREATE TABLE idle_policy (
            workspace TEXT PRIMARY KEY REFERENCES workspace, document TEXT NOT NULL, changed_by TEXT NOT NULL, changed_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE idle_stop (
            workload TEXT NOT NULL REFERENCES workload, run INTEGER NOT NULL, workspace TEXT NOT NULL, at INTEGER NOT NULL,
            idle_since INTEGER NOT NULL, auto_stop_at INTEGER, price TEXT, PRIMARY KEY (workload, run)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idle_stop_workspace ON idle_stop (workspace, at);
        """
}
