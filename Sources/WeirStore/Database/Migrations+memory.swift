extension Migrations {
    /// The kernel's kills for memory: their number in each container, and the last time in the workload's run (TRN-13).
    static let memory = """
        ALTER TABLE instance ADD COLUMN memory_kills INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE workload ADD COLUMN memory_killed_at INTEGER;
        """
}
