extension Migrations {
    /// Frozen code is charged as long as the jobs and services are kept that run on it. A storage meter knows the moment up to which
    /// it is charged: a day's name says it only in one time zone. `clock_steps` says by how much the clock was set while the run went on, in milliseconds.
    static let billing = """
        INSERT INTO storage_unit (unit, workspace, project, kind)
            SELECT DISTINCT 'frozen/' || project.id, project.workspace, project.id, 'code'
            FROM workload JOIN project ON project.id = workload.project
            WHERE workload.kind IN ('job', 'service') AND workload.deleted_at IS NULL AND project.deleted_at IS NULL;
        ALTER TABLE storage_meter ADD COLUMN charged_until INTEGER;
        ALTER TABLE run ADD COLUMN clock_steps INTEGER NOT NULL DEFAULT 0;
        """
}
