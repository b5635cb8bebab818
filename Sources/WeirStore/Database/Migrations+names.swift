extension Migrations {
    /// What is being deleted holds its name no more: its end may take a while, and nobody can bring it back.
    static let names = """
        DROP INDEX workload_name;
        CREATE UNIQUE INDEX workload_name ON workload (workspace, kind, name_key) WHERE deleted_at IS NULL AND wanted <> 'deleted';
        """
}
