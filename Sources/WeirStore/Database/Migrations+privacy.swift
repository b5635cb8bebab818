extension Migrations {
    /// An asset has a keeper: who made it, until it is handed over; what has the visibility `owner` is seen by its keeper alone (DAT-14).
    /// Names of such are the keeper's own, so that nobody learns by trying a name that somebody else keeps something under it.
    ///
    /// `arrears_deleted.keeper` names who alone may read of what was deleted; empty where nobody knows any more.
    static let privacy = """
        ALTER TABLE asset ADD COLUMN keeper TEXT NOT NULL DEFAULT '';
        UPDATE asset SET keeper = created_by;
        DROP INDEX asset_name;
        CREATE UNIQUE INDEX asset_name ON asset (workspace, kind, name_key) WHERE deleted_at IS NULL AND visibility = 'workspace';
        CREATE UNIQUE INDEX asset_kept_name ON asset (workspace, kind, keeper, name_key)
            WHERE deleted_at IS NULL AND visibility = 'owner';
        DROP INDEX asset_creator;
        CREATE INDEX asset_keeper ON asset (workspace, keeper, id) WHERE deleted_at IS NULL;

        ALTER TABLE arrears_deleted ADD COLUMN keeper TEXT;
        UPDATE arrears_deleted SET keeper = '' WHERE item LIKE 'upload/%';
        UPDATE arrears_deleted SET keeper = (
            SELECT keeper FROM asset WHERE visibility = 'owner' AND asset.id = CASE
                WHEN item LIKE 'draft/%' THEN substr(item, 7) ELSE substr(item, 9, length(asset.id)) END)
            WHERE item LIKE 'draft/%' OR item LIKE 'version/%';
        """
}
