extension Migrations {
    /// What the queue decided and from what, so that each decision can be made again; what gave way to whom; and when a start was
    /// forecast, to be compared with when it came.
    static let scheduling = """
        CREATE TABLE scheduling_record (
            sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('snapshot', 'turn')),
            document TEXT NOT NULL
        ) STRICT;
        CREATE INDEX scheduling_record_snapshot ON scheduling_record (sequence) WHERE kind = 'snapshot';
        CREATE INDEX scheduling_record_age ON scheduling_record (at);

        CREATE TABLE preemption (
            workload TEXT NOT NULL REFERENCES workload, run INTEGER NOT NULL, at INTEGER NOT NULL,
            workspace TEXT NOT NULL, for_workload TEXT NOT NULL, flavor TEXT NOT NULL, price INTEGER, regular_price INTEGER,
            PRIMARY KEY (workload, run)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX preemption_workspace ON preemption (workspace, at);

        CREATE TABLE start_forecast (
            workload TEXT NOT NULL REFERENCES workload, run INTEGER NOT NULL, made_at INTEGER NOT NULL,
            low INTEGER NOT NULL, median INTEGER NOT NULL, high INTEGER, started_at INTEGER,
            PRIMARY KEY (workload, run)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX start_forecast_scored ON start_forecast (started_at) WHERE started_at IS NOT NULL;

        CREATE INDEX run_finished ON run (ended_at) WHERE running_at IS NOT NULL AND ended_at IS NOT NULL;
        """
}
