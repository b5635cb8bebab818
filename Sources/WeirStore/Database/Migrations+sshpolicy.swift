extension Migrations {
    /// The SSH policy of a workspace; none is the standard.
    static let sshPolicy = """
        CREATE TABLE ssh_policy (
            workspace TEXT PRIMARY KEY REFERENCES workspace, document TEXT NOT NULL, changed_by TEXT NOT NULL, changed_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
