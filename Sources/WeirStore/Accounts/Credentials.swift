import GRDB
public import WeirModel

/// What a request can prove itself with; only the hash of the secret is kept.
public struct SessionRecord: Hashable, Sendable {
    public var id: Identifier<Session>
    public var account: Identifier<Account>
    public var secretHash: String
    public var createdAt: Timestamp
    public var expiresAt: Timestamp

    public init(
        id: Identifier<Session>, account: Identifier<Account>, secretHash: String, createdAt: Timestamp,
        expiresAt: Timestamp
    ) {
        self.id = id
        self.account = account
        self.secretHash = secretHash
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

public struct APITokenRecord: Hashable, Sendable {
    public var id: Identifier<APIToken>
    public var account: Identifier<Account>
    public var name: String
    public var secretHash: String
    public var createdAt: Timestamp
    public var expiresAt: Timestamp?
    public var revokedAt: Timestamp?

    public init(
        id: Identifier<APIToken>, account: Identifier<Account>, name: String, secretHash: String,
        createdAt: Timestamp, expiresAt: Timestamp?
    ) {
        self.id = id
        self.account = account
        self.name = name
        self.secretHash = secretHash
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        revokedAt = nil
    }

    init(_ row: Row) {
        id = row["id"]
        account = row["account"]
        name = row["name"]
        secretHash = row["secret_hash"]
        createdAt = row["created_at"]
        expiresAt = row["expires_at"]
        revokedAt = row["revoked_at"]
    }
}

extension Reading {
    /// The account that a session's or token's secret stands for at `now`, and the login by which it does.
    public func login(secretHash: String, at now: Timestamp) throws -> (AccountRecord, LiveLogin)? {
        let sql = """
            SELECT account.*, reference, ends_at FROM account JOIN (
                SELECT account AS owner, id AS reference, expires_at AS ends_at FROM session WHERE secret_hash = :hash AND expires_at > :now
                UNION ALL
                SELECT account, id, expires_at FROM api_token
                WHERE secret_hash = :hash AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
            ) ON account.id = owner WHERE account.disabled_at IS NULL
            """
        return try Row.fetchOne(db.cachedStatement(sql: sql), arguments: ["hash": secretHash, "now": now]).flatMap { row in
            let account = AccountRecord(row)
            guard let reference = LoginReference(row["reference"]) else { return nil }
            return (account, LiveLogin(reference: reference, account: account.id, endsAt: row["ends_at"]))
        }
    }

    /// Every login that holds at `now`.
    public func liveLogins(at now: Timestamp) throws -> [LiveLogin] {
        let sql = """
            SELECT id AS login, account, expires_at AS ends_at FROM session WHERE expires_at > :now
            UNION ALL
            SELECT id, account, expires_at FROM api_token WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
            """
        return try Row.fetchAll(db.cachedStatement(sql: sql), arguments: ["now": now]).compactMap { row in
            LoginReference(row["login"]).map { LiveLogin(reference: $0, account: row["account"], endsAt: row["ends_at"]) }
        }
    }

    public func tokens(of account: Identifier<Account>) throws -> [APITokenRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM api_token WHERE account = ? AND revoked_at IS NULL ORDER BY id DESC LIMIT ?"),
            arguments: [account, PageRequest.most]
        ).map(APITokenRecord.init)
    }
}

extension Writing {
    public func insert(_ session: SessionRecord) throws {
        try db.execute(
            sql: "INSERT INTO session (id, account, secret_hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
            arguments: [session.id, session.account, session.secretHash, session.createdAt, session.expiresAt])
    }

    public func endSession(secretHash: String) throws {
        try db.execute(sql: "DELETE FROM session WHERE secret_hash = ?", arguments: [secretHash])
    }

    public func endSessions(of account: Identifier<Account>, but kept: Identifier<Session>? = nil) throws {
        try db.execute(sql: "DELETE FROM session WHERE account = ? AND id IS NOT ?", arguments: [account, kept])
    }

    public func removeSessions(expiredBefore moment: Timestamp) throws {
        try db.execute(sql: "DELETE FROM session WHERE expires_at <= ?", arguments: [moment])
    }

    public func insert(_ token: APITokenRecord) throws {
        try db.execute(
            sql: """
                INSERT INTO api_token (id, account, name, secret_hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [token.id, token.account, token.name, token.secretHash, token.createdAt, token.expiresAt])
    }

    /// Returns whether the account had such a token that was not revoked.
    public func revoke(_ token: Identifier<APIToken>, of account: Identifier<Account>, at now: Timestamp) throws -> Bool {
        try db.execute(
            sql: "UPDATE api_token SET revoked_at = ? WHERE id = ? AND account = ? AND revoked_at IS NULL",
            arguments: [now, token, account])
        return db.changesCount > 0
    }
}
