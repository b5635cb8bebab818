extension Migrations {
    /// What people prove themselves with over SSH, how often they failed to from where, every attempt, and the tokens of uploads.
    static let ssh = """
        CREATE TABLE ssh_key (
            id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account, name TEXT NOT NULL, kind TEXT NOT NULL,
            bits INTEGER NOT NULL, fingerprint TEXT NOT NULL, public_key TEXT NOT NULL, created_at INTEGER NOT NULL,
            used_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX ssh_key_account ON ssh_key (account, fingerprint);
        CREATE INDEX ssh_key_fingerprint ON ssh_key (fingerprint);

        CREATE TABLE ssh_password (
            account TEXT PRIMARY KEY REFERENCES account, hash TEXT NOT NULL, changed_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE ssh_standing (
            subject TEXT NOT NULL, source TEXT NOT NULL, failures INTEGER NOT NULL, locked_until INTEGER,
            changed_at INTEGER NOT NULL, PRIMARY KEY (subject, source)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX ssh_standing_age ON ssh_standing (changed_at);

        CREATE TABLE ssh_attempt (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, account TEXT, user_name TEXT NOT NULL,
            source TEXT NOT NULL, method TEXT NOT NULL, outcome TEXT NOT NULL, fingerprint TEXT
        ) STRICT;
        CREATE INDEX ssh_attempt_account ON ssh_attempt (account, sequence) WHERE account IS NOT NULL;

        CREATE TABLE upload_token (
            id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account, asset TEXT NOT NULL REFERENCES asset,
            secret_hash TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX upload_token_asset ON upload_token (asset) WHERE revoked_at IS NULL;
        """
}
