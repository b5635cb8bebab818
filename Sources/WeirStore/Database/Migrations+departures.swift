extension Migrations {
    /// Who left a workspace, or whose account was disabled: when what they keep to themselves there goes to an owner, and to whom it went.
    /// Those who left before this was kept have a week from now on.
    ///
    /// `storage_payer` has the workspace that somebody chose to pay for their home and netdisk; `unpaid_storage` the homes and netdisks
    /// that no workspace pays for any more.
    static let departures = """
        CREATE TABLE departure (
            workspace TEXT NOT NULL REFERENCES workspace, account TEXT NOT NULL REFERENCES account, left_at INTEGER NOT NULL,
            due_at INTEGER NOT NULL, handed_to TEXT, handed_at INTEGER, PRIMARY KEY (workspace, account)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX departure_due ON departure (due_at) WHERE handed_at IS NULL;

        CREATE TABLE storage_payer (
            account TEXT PRIMARY KEY REFERENCES account, workspace TEXT NOT NULL REFERENCES workspace, chosen_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE unpaid_storage (
            account TEXT PRIMARY KEY REFERENCES account, workspace TEXT NOT NULL, since INTEGER NOT NULL,
            deletable_at INTEGER NOT NULL, bytes INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        INSERT INTO departure (workspace, account, left_at, due_at)
            SELECT workspace, account, unixepoch() * 1000, (unixepoch() + 7 * 86400) * 1000 FROM (
                SELECT workspace, keeper AS account FROM asset WHERE deleted_at IS NULL AND visibility = 'owner'
                UNION SELECT workspace, account FROM storage_unit WHERE account <> ''
            ) AS kept JOIN account AS person ON person.id = kept.account
            WHERE disabled_at IS NOT NULL OR NOT EXISTS (
                SELECT 1 FROM member WHERE member.workspace = kept.workspace AND member.account = kept.account);
        """
}
