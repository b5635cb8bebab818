import GRDB
public import WeirModel

/// One attempt to log in over SSH, whatever became of it.
public struct SSHAttemptRecord: Hashable, Sendable {
    public var sequence: Int64
    public var at: Timestamp
    /// Whose name it was; nil when it was nobody's.
    public var account: Identifier<Account>?
    public var userName: String
    public var source: String
    public var method: SSHMethod
    public var outcome: SSHOutcome
    public var fingerprint: String?

    public init(
        at: Timestamp, account: Identifier<Account>?, userName: String, source: SSHSource, method: SSHMethod, outcome: SSHOutcome,
        fingerprint: String? = nil
    ) {
        sequence = 0
        self.at = at
        self.account = account
        self.userName = userName
        self.source = source.text
        self.method = method
        self.outcome = outcome
        self.fingerprint = fingerprint
    }

    init(_ row: Row) throws {
        sequence = row["sequence"]
        at = row["at"]
        account = row["account"]
        userName = row["user_name"]
        source = row["source"]
        method = try row.raw("method")
        outcome = try row.raw("outcome")
        fingerprint = row["fingerprint"]
    }
}

extension Reading {
    /// The newest attempts on an account.
    public func sshAttempts(of account: Identifier<Account>, limit: Int) throws -> [SSHAttemptRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM ssh_attempt WHERE account = ? ORDER BY sequence DESC LIMIT ?"),
            arguments: [account, limit]
        ).map(SSHAttemptRecord.init)
    }

    /// How often in a row a subject failed from a source.
    public func sshStanding(of subject: String, from source: SSHSource) throws -> LoginLock.Standing {
        let row = try Row.fetchOne(
            db.cachedStatement(sql: "SELECT failures, locked_until FROM ssh_standing WHERE subject = ? AND source = ?"),
            arguments: [subject, source.text])
        return row.map { LoginLock.Standing(failures: $0["failures"], lockedUntil: $0["locked_until"]) } ?? LoginLock.Standing()
    }
}

extension Writing {
    /// What is kept of attempts: enough to see an attack, and never the disk.
    private static let mostAttempts = 100_000

    public func insert(_ attempt: SSHAttemptRecord) throws {
        try db.execute(
            sql: """
                INSERT INTO ssh_attempt (at, account, user_name, source, method, outcome, fingerprint) VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                attempt.at, attempt.account, attempt.userName, attempt.source, attempt.method.rawValue, attempt.outcome.rawValue,
                attempt.fingerprint,
            ])
        try db.execute(
            sql: "DELETE FROM ssh_attempt WHERE sequence <= ?", arguments: [db.lastInsertedRowID - Int64(Self.mostAttempts)])
    }

    /// Standings that have not changed for longer than any lock lasts are forgotten.
    public func setSSHStanding(
        of subject: String, from source: SSHSource, to standing: LoginLock.Standing, at now: Timestamp
    ) throws {
        try db.execute(sql: "DELETE FROM ssh_standing WHERE changed_at < ?", arguments: [now - LoginLock.duration - LoginLock.duration])
        guard standing != LoginLock.Standing() else {
            return try db.execute(
                sql: "DELETE FROM ssh_standing WHERE subject = ? AND source = ?", arguments: [subject, source.text])
        }
        try db.execute(
            sql: """
                INSERT OR REPLACE INTO ssh_standing (subject, source, failures, locked_until, changed_at) VALUES (?, ?, ?, ?, ?)
                """, arguments: [subject, source.text, standing.failures, standing.lockedUntil, now])
    }

    /// Lets an account in again from everywhere: it has a new password, or the operator says so.
    public func clearSSHStandings(of account: Identifier<Account>) throws {
        try db.execute(sql: "DELETE FROM ssh_standing WHERE subject = ?", arguments: [account])
    }
}
