extension Migrations {
    /// Finds the runs of a person that ended without being charged: their time is bounded.
    static let freeStarts = "CREATE INDEX run_free ON run (started_by, ended_at) WHERE running_at IS NULL AND ended_at IS NOT NULL;"
}
