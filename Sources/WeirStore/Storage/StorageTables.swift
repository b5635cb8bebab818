extension Migrations {
    /// `storage_unit` has a row for everything that is measured as one. `changes` is counted up before anything in the unit changes;
    /// `measured` is the count that the figure stands for. A unit whose two counts differ is measured again. `storage_held` holds the
    /// sums of the figures, kept with them in one transaction.
    ///
    /// `account` is empty for what is the workspace's own, and names the person for a home folder and a netdisk.
    static let storage = """
        CREATE TABLE storage_unit (
            unit TEXT PRIMARY KEY, workspace TEXT NOT NULL REFERENCES workspace, account TEXT NOT NULL DEFAULT '', project TEXT,
            kind TEXT NOT NULL, bytes INTEGER NOT NULL DEFAULT 0, files INTEGER NOT NULL DEFAULT 0,
            changes INTEGER NOT NULL DEFAULT 1, measured INTEGER NOT NULL DEFAULT 0, measured_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX storage_unit_changed ON storage_unit (measured_at, unit) WHERE changes <> measured;
        CREATE INDEX storage_unit_project ON storage_unit (project) WHERE project IS NOT NULL;
        CREATE INDEX storage_unit_largest ON storage_unit (workspace, bytes);

        CREATE TABLE storage_held (
            workspace TEXT NOT NULL, account TEXT NOT NULL, kind TEXT NOT NULL, bytes INTEGER NOT NULL,
            PRIMARY KEY (workspace, account, kind)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX image_own ON image (workspace, digest, size) WHERE workspace IS NOT NULL;

        CREATE TABLE storage_sample (
            workspace TEXT NOT NULL REFERENCES workspace, account TEXT NOT NULL, hour INTEGER NOT NULL, at INTEGER NOT NULL,
            code INTEGER NOT NULL, datasets INTEGER NOT NULL, models INTEGER NOT NULL, images INTEGER NOT NULL,
            outputs INTEGER NOT NULL, netdisk INTEGER NOT NULL, PRIMARY KEY (workspace, account, hour)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX storage_sample_hour ON storage_sample (hour);

        CREATE TABLE storage_meter (
            workspace TEXT NOT NULL REFERENCES workspace, account TEXT NOT NULL, charged_day TEXT NOT NULL,
            PRIMARY KEY (workspace, account)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX storage_meter_day ON storage_meter (charged_day);

        CREATE TABLE arrears_deletion (
            workspace TEXT PRIMARY KEY REFERENCES workspace, since INTEGER NOT NULL, announced TEXT NOT NULL DEFAULT '{}',
            approved_by TEXT, approved_at INTEGER
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE arrears_deleted (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT, workspace TEXT NOT NULL REFERENCES workspace, since INTEGER NOT NULL,
            at INTEGER NOT NULL, item TEXT NOT NULL, name TEXT NOT NULL, bytes INTEGER NOT NULL, approved_by TEXT NOT NULL
        ) STRICT;
        CREATE INDEX arrears_deleted_workspace ON arrears_deleted (workspace, sequence);

        INSERT INTO storage_unit (unit, workspace, project, kind)
            SELECT 'code/' || id, workspace, id, 'code' FROM project WHERE deleted_at IS NULL;
        INSERT INTO storage_unit (unit, workspace, project, kind)
            SELECT 'output/' || id, workspace, id, 'outputs' FROM project WHERE deleted_at IS NULL;
        INSERT INTO storage_unit (unit, workspace, project, kind)
            SELECT 'result/' || workload.id, workload.workspace, project.id, 'outputs'
            FROM workload JOIN project ON project.id = workload.project
            WHERE workload.kind IN ('job', 'service') AND project.deleted_at IS NULL;
        INSERT INTO storage_unit (unit, workspace, account, kind)
            SELECT folder.name || created_by, workspace, created_by, 'netdisk'
            FROM (SELECT created_by, workspace, min(id) FROM workload WHERE kind <> 'board' GROUP BY created_by),
            (SELECT 'home/' AS name UNION SELECT 'netdisk/') AS folder;
        INSERT INTO storage_unit (unit, workspace, kind)
            SELECT 'asset/' || id, workspace, kind || 's' FROM asset WHERE deleted_at IS NULL;
        """
}
