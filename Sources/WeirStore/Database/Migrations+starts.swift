extension Migrations {
    /// An entry holds the start of the run that it charges, under its hash: a start that is moved afterwards is seen. Entries from before have none.
    static let starts = "ALTER TABLE ledger_entry ADD COLUMN run_started_at INTEGER;"
}
