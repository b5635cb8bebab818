extension Migrations {
    /// Counts what a person makes in a day, deleted or not, and what a person has on its way into one place.
    static let makings = """
        CREATE INDEX project_maker ON project (created_by, created_at);
        CREATE INDEX asset_maker ON asset (created_by, created_at);
        CREATE INDEX upload_account ON upload (account, unit);
        """
}
