extension Migrations {
    /// A workspace on its way out: since when, from when on for good, who wanted it; when it was closed, and when the last of its data was
    /// deleted. One that is closed holds its name no more: its key is its identifier behind a slash, which no name has.
    static let closing = """
        ALTER TABLE workspace ADD COLUMN closing_since INTEGER;
        ALTER TABLE workspace ADD COLUMN closing_due INTEGER;
        ALTER TABLE workspace ADD COLUMN closing_by TEXT;
        ALTER TABLE workspace ADD COLUMN closed_at INTEGER;
        ALTER TABLE workspace ADD COLUMN emptied_at INTEGER;
        CREATE INDEX workspace_closing ON workspace (id) WHERE closing_due IS NOT NULL AND emptied_at IS NULL;
        """
}
