extension Migrations {
    /// What people did that no other table says: `subject` is the identifier of what it was done to, `name` what that was called then, `before`
    /// and `after` what changed of it. Without a workspace it is the installation's. Never changed, and kept when its subject is gone.
    static let audit = """
        CREATE TABLE audit_event (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, workspace TEXT REFERENCES workspace, kind TEXT NOT NULL, action TEXT NOT NULL,
            subject TEXT NOT NULL, name TEXT NOT NULL, before TEXT, after TEXT, actor TEXT NOT NULL, at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX audit_event_workspace ON audit_event (workspace, sequence);
        CREATE INDEX audit_event_kind ON audit_event (kind, sequence);
        CREATE INDEX audit_event_workspace_kind ON audit_event (workspace, kind, sequence);
        CREATE TRIGGER audit_event_update BEFORE UPDATE ON audit_event
            BEGIN SELECT RAISE (ABORT, 'records of operations are append-only'); END;
        CREATE TRIGGER audit_event_delete BEFORE DELETE ON audit_event
            BEGIN SELECT RAISE (ABORT, 'records of operations are append-only'); END;

        CREATE INDEX ledger_entry_paid ON ledger_entry (sequence) WHERE kind <> 'charge';
        """
}
