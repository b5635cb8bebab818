extension Migrations {
    /// Who started the current run of a workload, and each of its runs: a shared one that somebody else starts counts for them. Until then
    /// all counted for whoever had made it. What is kept in a workspace's own home and netdisk has a column of its own among the samples.
    static let starters = """
        ALTER TABLE workload ADD COLUMN started_by TEXT NOT NULL DEFAULT '';
        UPDATE workload SET started_by = created_by;
        ALTER TABLE run ADD COLUMN started_by TEXT NOT NULL DEFAULT '';
        UPDATE run SET started_by = (SELECT created_by FROM workload WHERE workload.id = run.workload);
        ALTER TABLE storage_sample ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
        """
}
