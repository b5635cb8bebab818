extension Migrations {
    /// What somebody said when they changed the state of another's workload: an operator's reason to stop it.
    static let reasons = "ALTER TABLE transition ADD COLUMN reason TEXT;"
}
