extension Migrations {
    /// By when a run began to wait: the history of a month is read in this order.
    static let history = "CREATE INDEX run_queued ON run (queued_at) WHERE running_at IS NOT NULL;"
}
