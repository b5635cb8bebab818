extension Migrations {
    /// Finds people who have made a workspace before: a person's first one alone begins with what the installation gives.
    static let makers = "CREATE INDEX audit_event_maker ON audit_event (actor) WHERE action = 'workspace_created';"
}
