extension Migrations {
    /// `allowance` has what a workspace, everyone in it, or one person may hold; who has no row has no limits. `rule_change` is the record
    /// of what was changed by whom: of a workspace's allowances, and, without a workspace, of the flavors.
    ///
    /// `file_document` is what the configuration's list said of a flavor when it was last taken; null for one that people made.
    static let quotas = """
        CREATE TABLE allowance (
            workspace TEXT NOT NULL REFERENCES workspace, scope TEXT NOT NULL, document TEXT NOT NULL,
            changed_by TEXT NOT NULL, changed_at INTEGER NOT NULL, PRIMARY KEY (workspace, scope)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE rule_change (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, workspace TEXT REFERENCES workspace, subject TEXT NOT NULL,
            before TEXT, after TEXT, actor TEXT, at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX rule_change_workspace ON rule_change (workspace, sequence);
        CREATE INDEX rule_change_subject ON rule_change (subject, sequence) WHERE workspace IS NULL;

        ALTER TABLE flavor ADD COLUMN file_document TEXT;
        UPDATE flavor SET file_document = document WHERE retired_at IS NULL;

        CREATE INDEX asset_creator ON asset (workspace, created_by, id) WHERE deleted_at IS NULL;
        """
}
