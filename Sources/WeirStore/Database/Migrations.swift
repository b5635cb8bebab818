import GRDB

/// The tables, step by step. A step that has been released is never edited.
enum Migrations {
    static var all: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 foundation") { db in try db.execute(sql: foundation) }
        migrator.registerMigration("2 money") { db in try db.execute(sql: money) }
        migrator.registerMigration("3 storage") { db in try db.execute(sql: storage) }
        migrator.registerMigration("4 quotas") { db in try db.execute(sql: quotas) }
        migrator.registerMigration("5 scheduling") { db in try db.execute(sql: scheduling) }
        migrator.registerMigration("6 billing") { db in try db.execute(sql: billing) }
        migrator.registerMigration("7 ssh") { db in try db.execute(sql: ssh) }
        migrator.registerMigration("8 idle") { db in try db.execute(sql: idle) }
        migrator.registerMigration("9 uploads") { db in try db.execute(sql: uploads) }
        migrator.registerMigration("10 history") { db in try db.execute(sql: history) }
        migrator.registerMigration("11 names") { db in try db.execute(sql: names) }
        migrator.registerMigration("12 audit") { db in try db.execute(sql: audit) }
        migrator.registerMigration("13 starts") { db in try db.execute(sql: starts) }
        migrator.registerMigration("14 privacy") { db in try db.execute(sql: privacy) }
        migrator.registerMigration("15 reasons") { db in try db.execute(sql: reasons) }
        migrator.registerMigration("16 logins") { db in try db.execute(sql: logins) }
        migrator.registerMigration("17 closing") { db in try db.execute(sql: closing) }
        migrator.registerMigration("18 departures") { db in try db.execute(sql: departures) }
        migrator.registerMigration("19 starters") { db in try db.execute(sql: starters) }
        migrator.registerMigration("20 prices") { db in try db.execute(sql: prices) }
        migrator.registerMigration("21 makers") { db in try db.execute(sql: makers) }
        migrator.registerMigration("22 reservations") { db in try db.execute(sql: reservations) }
        migrator.registerMigration("24 ssh policy") { db in try db.execute(sql: sshPolicy) }
        migrator.registerMigration("26 memory") { db in try db.execute(sql: memory) }
        migrator.registerMigration("27 finished uploads") { db in try db.execute(sql: finishedUploads) }
        migrator.registerMigration("28 makings") { db in try db.execute(sql: makings) }
        migrator.registerMigration("29 free starts") { db in try db.execute(sql: freeStarts) }
        return migrator
    }

    private static let foundation = """
        CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE account (
            id TEXT PRIMARY KEY, login TEXT NOT NULL UNIQUE, display_name TEXT NOT NULL,
            password_hash TEXT NOT NULL, is_operator INTEGER NOT NULL, must_change_password INTEGER NOT NULL,
            failures INTEGER NOT NULL DEFAULT 0, locked_until INTEGER, created_at INTEGER NOT NULL, disabled_at INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE session (
            id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account, secret_hash TEXT NOT NULL UNIQUE,
            created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX session_account ON session (account);
        CREATE INDEX session_expiry ON session (expires_at);

        CREATE TABLE api_token (
            id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account, name TEXT NOT NULL,
            secret_hash TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX api_token_account ON api_token (account, id);

        CREATE TABLE workspace (
            id TEXT PRIMARY KEY, name TEXT NOT NULL, name_key TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE member (
            workspace TEXT NOT NULL REFERENCES workspace, account TEXT NOT NULL REFERENCES account,
            role TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (workspace, account)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX member_account ON member (account, workspace);

        CREATE TABLE project (
            id TEXT PRIMARY KEY, workspace TEXT NOT NULL REFERENCES workspace, name TEXT NOT NULL,
            name_key TEXT NOT NULL, description TEXT NOT NULL, tags TEXT NOT NULL, created_by TEXT NOT NULL,
            created_at INTEGER NOT NULL, changed_at INTEGER NOT NULL, deleted_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX project_name ON project (workspace, name_key) WHERE deleted_at IS NULL;
        CREATE INDEX project_list ON project (workspace, id) WHERE deleted_at IS NULL;

        CREATE TABLE asset (
            id TEXT PRIMARY KEY, workspace TEXT NOT NULL REFERENCES workspace, kind TEXT NOT NULL, name TEXT NOT NULL,
            name_key TEXT NOT NULL, description TEXT NOT NULL, tags TEXT NOT NULL, visibility TEXT NOT NULL,
            data_type TEXT, scenario TEXT, zone TEXT NOT NULL, created_by TEXT NOT NULL, created_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL, latest INTEGER NOT NULL DEFAULT 0, deleted_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX asset_name ON asset (workspace, kind, name_key) WHERE deleted_at IS NULL;
        CREATE INDEX asset_list ON asset (workspace, kind, id) WHERE deleted_at IS NULL;

        CREATE TABLE asset_version (
            asset TEXT NOT NULL REFERENCES asset, number INTEGER NOT NULL, tree TEXT NOT NULL UNIQUE,
            size INTEGER NOT NULL, added INTEGER NOT NULL, files INTEGER NOT NULL, note TEXT NOT NULL, origin TEXT,
            created_by TEXT NOT NULL, created_at INTEGER NOT NULL, deleted_at INTEGER, PRIMARY KEY (asset, number)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE upload (
            id TEXT PRIMARY KEY, asset TEXT NOT NULL REFERENCES asset, account TEXT NOT NULL, path TEXT NOT NULL,
            length INTEGER NOT NULL, created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX upload_asset ON upload (asset);

        CREATE TABLE image (
            id TEXT PRIMARY KEY, workspace TEXT REFERENCES workspace, reference TEXT NOT NULL, digest TEXT NOT NULL,
            labels TEXT NOT NULL, size INTEGER NOT NULL, created_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX image_reference ON image (reference);

        CREATE TABLE flavor (
            name TEXT PRIMARY KEY, position INTEGER NOT NULL, document TEXT NOT NULL, retired_at INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE tariff (
            number INTEGER PRIMARY KEY, starts_at INTEGER NOT NULL, document TEXT NOT NULL, created_at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE workload (
            id TEXT PRIMARY KEY, kind TEXT NOT NULL, workspace TEXT NOT NULL REFERENCES workspace,
            project TEXT NOT NULL REFERENCES project, name TEXT NOT NULL, name_key TEXT NOT NULL,
            description TEXT NOT NULL, created_by TEXT NOT NULL, created_at INTEGER NOT NULL, spec TEXT NOT NULL,
            secret TEXT NOT NULL, wanted TEXT NOT NULL, state TEXT NOT NULL, state_since INTEGER NOT NULL,
            queue_reason TEXT, failure TEXT, run INTEGER NOT NULL, running_since INTEGER, ended_at INTEGER,
            stop_at INTEGER, deleted_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX workload_name ON workload (workspace, kind, name_key) WHERE deleted_at IS NULL;
        CREATE INDEX workload_list ON workload (workspace, id) WHERE deleted_at IS NULL;
        CREATE INDEX workload_kind ON workload (workspace, kind, id) WHERE deleted_at IS NULL;
        CREATE INDEX workload_project ON workload (project, kind, id) WHERE deleted_at IS NULL;
        CREATE INDEX workload_state ON workload (workspace, state, id) WHERE deleted_at IS NULL;
        CREATE INDEX workload_live ON workload (id)
            WHERE state IN ('queued', 'deploying', 'running', 'stopping') OR wanted = 'deleted' AND deleted_at IS NULL;

        CREATE TABLE run (
            workload TEXT NOT NULL REFERENCES workload, number INTEGER NOT NULL, flavor TEXT NOT NULL,
            replicas INTEGER NOT NULL, image_digest TEXT NOT NULL, tariff INTEGER, queued_at INTEGER NOT NULL,
            running_at INTEGER, ended_at INTEGER, outcome TEXT, PRIMARY KEY (workload, number)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE instance (
            id TEXT PRIMARY KEY, workload TEXT NOT NULL REFERENCES workload, run INTEGER NOT NULL,
            position INTEGER NOT NULL, attempt INTEGER NOT NULL, devices TEXT NOT NULL, created_at INTEGER NOT NULL,
            started_at INTEGER, ended_at INTEGER, address TEXT, failure TEXT, removed_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX instance_workload ON instance (workload, run, position, attempt);
        CREATE INDEX instance_present ON instance (workload) WHERE removed_at IS NULL;

        CREATE TABLE transition (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, workload TEXT NOT NULL REFERENCES workload,
            workspace TEXT NOT NULL, run INTEGER NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL, before TEXT,
            cause TEXT NOT NULL, actor TEXT, detail TEXT
        ) STRICT;
        CREATE INDEX transition_workload ON transition (workload, sequence);
        CREATE INDEX transition_workspace ON transition (workspace, sequence);

        CREATE TABLE port (
            number INTEGER PRIMARY KEY, workload TEXT NOT NULL REFERENCES workload, opened_at INTEGER NOT NULL,
            active_at INTEGER NOT NULL, requests INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE UNIQUE INDEX port_workload ON port (workload);

        CREATE TABLE commitment (
            workspace TEXT NOT NULL REFERENCES workspace, account TEXT NOT NULL REFERENCES account,
            text_version INTEGER NOT NULL, signed_at INTEGER NOT NULL, PRIMARY KEY (workspace, account)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE idempotency (
            account TEXT NOT NULL, key TEXT NOT NULL, request_hash TEXT NOT NULL, subject TEXT NOT NULL,
            created_at INTEGER NOT NULL, PRIMARY KEY (account, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idempotency_age ON idempotency (created_at);
        """

    /// A ledger entry adds its amount to a workspace and takes it from the counter account, so the sum of all balances is zero. Balances
    /// and spendings are sums of entries, kept with them in one transaction; `run` holds how far a run is settled.
    private static let money = """
        ALTER TABLE run ADD COLUMN price TEXT;
        ALTER TABLE run ADD COLUMN settled_minutes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE run ADD COLUMN corrections INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE run ADD COLUMN settled_at INTEGER;
        CREATE INDEX run_unsettled ON run (workload, number)
            WHERE running_at IS NOT NULL AND price IS NOT NULL AND settled_at IS NULL;
        CREATE INDEX run_over ON run (ended_at)
            WHERE running_at IS NOT NULL AND price IS NOT NULL AND settled_at IS NULL AND ended_at IS NOT NULL;

        CREATE TABLE ledger_entry (
            sequence INTEGER PRIMARY KEY, workspace TEXT NOT NULL REFERENCES workspace,
            kind TEXT NOT NULL CHECK (kind IN ('recharge', 'charge', 'refund', 'grant', 'correction')),
            counter TEXT NOT NULL, amount INTEGER NOT NULL, key TEXT NOT NULL UNIQUE, at INTEGER NOT NULL,
            month TEXT, project TEXT, account TEXT,
            workload TEXT, run INTEGER, minutes_before INTEGER, minutes_after INTEGER, corrections INTEGER, run_ended_at INTEGER,
            basis TEXT, actor TEXT, reference TEXT, note TEXT, hash BLOB NOT NULL
        ) STRICT;
        CREATE INDEX ledger_entry_workspace ON ledger_entry (workspace, sequence);
        CREATE INDEX ledger_entry_month ON ledger_entry (workspace, month, sequence) WHERE month IS NOT NULL;
        CREATE INDEX ledger_entry_project ON ledger_entry (workspace, project, sequence) WHERE project IS NOT NULL;
        CREATE INDEX ledger_entry_account ON ledger_entry (workspace, account, sequence) WHERE account IS NOT NULL;
        CREATE INDEX ledger_entry_rare ON ledger_entry (workspace, kind, sequence) WHERE kind <> 'charge';
        CREATE TRIGGER ledger_entry_update BEFORE UPDATE ON ledger_entry
            BEGIN SELECT RAISE (ABORT, 'the ledger is append-only'); END;
        CREATE TRIGGER ledger_entry_delete BEFORE DELETE ON ledger_entry
            BEGIN SELECT RAISE (ABORT, 'the ledger is append-only'); END;

        CREATE TABLE ledger_account (
            id TEXT PRIMARY KEY, balance INTEGER NOT NULL, used_up_since INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE spending (
            workspace TEXT NOT NULL REFERENCES workspace, month TEXT NOT NULL, scope TEXT NOT NULL, amount INTEGER NOT NULL,
            PRIMARY KEY (workspace, month, scope)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE voucher (
            id TEXT PRIMARY KEY, secret_hash TEXT NOT NULL UNIQUE, amount INTEGER NOT NULL, note TEXT NOT NULL,
            created_by TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE budget (
            workspace TEXT NOT NULL REFERENCES workspace, scope TEXT NOT NULL, document TEXT NOT NULL,
            changed_by TEXT NOT NULL, changed_at INTEGER NOT NULL, PRIMARY KEY (workspace, scope)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE balance_warning (
            workspace TEXT PRIMARY KEY REFERENCES workspace, document TEXT NOT NULL,
            seen_balance INTEGER NOT NULL, seen_per_hour INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE notice (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, workspace TEXT NOT NULL REFERENCES workspace,
            key TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, code TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL
        ) STRICT;
        CREATE INDEX notice_workspace ON notice (workspace, sequence);

        CREATE TABLE invoice (
            id TEXT PRIMARY KEY, workspace TEXT NOT NULL REFERENCES workspace, title TEXT NOT NULL, tax_number TEXT NOT NULL,
            amount INTEGER NOT NULL, note TEXT NOT NULL, state TEXT NOT NULL, requested_by TEXT NOT NULL,
            requested_at INTEGER NOT NULL, answered_by TEXT, answered_at INTEGER, number TEXT, reason TEXT, file BLOB
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX invoice_workspace ON invoice (workspace, id);
        """
}
