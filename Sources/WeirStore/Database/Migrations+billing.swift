extension Migrations {
    /// Frozen code is charged as long as the jobs and services are kept that run on it. A storage meter knows the moment up to which
    /// it is charged: a day's name says it only in one time zone. `clock_steps` says by how much the clock was set while a run went on, in
    /// milliseconds.
    ///
    /// `bill_line` has a row for each line of a bill: for the first charge of a run, or of a storage meter, in a month.
    static let billing = """
        INSERT INTO storage_unit (unit, workspace, project, kind)
            SELECT DISTINCT 'frozen/' || project.id, project.workspace, project.id, 'code'
            FROM workload JOIN project ON project.id = workload.project
            WHERE workload.kind IN ('job', 'service') AND workload.deleted_at IS NULL AND project.deleted_at IS NULL;
        CREATE TABLE bill_line (
            workspace TEXT NOT NULL, month TEXT NOT NULL, first INTEGER NOT NULL, subject TEXT NOT NULL, workload TEXT, run INTEGER,
            project TEXT, account TEXT, PRIMARY KEY (workspace, month, first)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX bill_line_subject ON bill_line (workspace, month, subject);
        INSERT INTO bill_line (workspace, month, first, subject, workload, run, project, account)
            SELECT workspace, month, min(sequence), CASE WHEN workload IS NULL THEN substr(key, 9, length(key) - 19)
            ELSE workload || '/' || run END AS subject, workload, run, project, account
            FROM ledger_entry WHERE kind = 'charge' GROUP BY workspace, month, subject;
        ALTER TABLE storage_meter ADD COLUMN charged_until INTEGER;
        ALTER TABLE run ADD COLUMN clock_steps INTEGER NOT NULL DEFAULT 0;
        """
}
