extension Migrations {
    /// How much of an upload on its way stands in its unit's figure by now, and how much was ever expected in a unit, so that no measuring
    /// forgets what came while it went on: a quota is held to the byte. And the newest version of an asset that is not deleted, beside
    /// the number of the last one that was made.
    static let reservations = """
        ALTER TABLE upload ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE storage_unit ADD COLUMN expected INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE asset ADD COLUMN newest INTEGER NOT NULL DEFAULT 0;
        UPDATE asset SET newest = coalesce(
            (SELECT max(number) FROM asset_version WHERE asset_version.asset = asset.id AND deleted_at IS NULL), 0);
        """
}
