import GRDB
public import WeirModel

/// A change of what is allowed or offered: who made it, when, and what it said before and after (QUO-06).
public struct RuleChange: Hashable, Sendable {
    public let sequence: Int64
    /// Nil for what is no workspace's: flavors.
    public let workspace: Identifier<Workspace>?
    /// A `QuotaScope`, or `flavor/` and a name.
    public let subject: String
    /// JSON of the allowance or flavor; nil when there was none, or is none any more.
    public let before: String?
    public let after: String?
    /// Nil for the configuration.
    public let actor: Identifier<Account>?
    public let at: Timestamp

    /// The name of the flavor that was changed; nil for an allowance.
    public var flavor: String? { subject.hasPrefix("flavor/") ? String(subject.dropFirst("flavor/".count)) : nil }

    init(
        workspace: Identifier<Workspace>?, subject: String, before: String?, after: String?, actor: Identifier<Account>?,
        at: Timestamp
    ) {
        sequence = 0
        self.workspace = workspace
        self.subject = subject
        self.before = before
        self.after = after
        self.actor = actor
        self.at = at
    }

    init(_ row: Row) {
        sequence = row["sequence"]
        workspace = row["workspace"]
        subject = row["subject"]
        before = row["before"]
        after = row["after"]
        actor = row["actor"]
        at = row["at"]
    }
}

extension Reading {
    /// The changes of a workspace's allowances, the newest first.
    public func ruleChanges(in workspace: Identifier<Workspace>, _ page: PageRequest) throws -> Page<RuleChange> {
        try ruleChanges("workspace = ?", workspace, page)
    }

    /// The changes of a flavor, the newest first.
    public func ruleChanges(ofFlavor name: String, _ page: PageRequest) throws -> Page<RuleChange> {
        try ruleChanges("workspace IS NULL AND subject = ?", "flavor/\(name)", page)
    }

    private func ruleChanges(
        _ condition: String, _ value: some DatabaseValueConvertible, _ page: PageRequest
    ) throws -> Page<RuleChange> {
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM rule_change WHERE \(condition) AND sequence < ? ORDER BY sequence DESC LIMIT ?"),
            arguments: [value, page.after.flatMap { Int64($0) } ?? .max, page.limit + 1])
        return Page(rows: rows.map(RuleChange.init), request: page) { String($0.sequence) }
    }
}

extension Writing {
    func record(_ change: RuleChange) throws {
        try db.cachedStatement(
            sql: "INSERT INTO rule_change (workspace, subject, before, after, actor, at) VALUES (?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [change.workspace, change.subject, change.before, change.after, change.actor, change.at])
    }
}
