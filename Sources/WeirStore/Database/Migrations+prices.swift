extension Migrations {
    /// `priced_at` is the moment whose price list holds for a run: its start, or what `fixPrice` says. Runs that began before have none:
    /// theirs was the list of their submission. `stop_cause` is why a workload was told to stop last.
    static let prices = """
        ALTER TABLE run ADD COLUMN priced_at INTEGER;
        ALTER TABLE workload ADD COLUMN stop_cause TEXT;
        """
}
