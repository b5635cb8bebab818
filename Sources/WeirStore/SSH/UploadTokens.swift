import GRDB
public import WeirModel

/// A secret that lets its bearer put files into one draft by SFTP, until the draft is confirmed (SSH-09).
public struct UploadTokenRecord: Hashable, Sendable {
    public var id: Identifier<APIToken>
    public var account: Identifier<Account>
    public var asset: Identifier<Asset>
    public var secretHash: String
    public var createdAt: Timestamp
    public var expiresAt: Timestamp

    public init(
        id: Identifier<APIToken>, account: Identifier<Account>, asset: Identifier<Asset>, secretHash: String, createdAt: Timestamp,
        expiresAt: Timestamp
    ) {
        self.id = id
        self.account = account
        self.asset = asset
        self.secretHash = secretHash
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

extension Reading {
    /// The person for whom the token stands, while it holds.
    public func account(uploadTokenHash hash: String, for asset: Identifier<Asset>, at now: Timestamp) throws -> AccountRecord? {
        try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT account.* FROM upload_token JOIN account ON account.id = upload_token.account
                    WHERE secret_hash = ? AND asset = ? AND revoked_at IS NULL AND expires_at > ? AND disabled_at IS NULL
                    """), arguments: [hash, asset, now]
        ).map(AccountRecord.init)
    }

    public func uploadTokenHolds(_ hash: String, for asset: Identifier<Asset>, at now: Timestamp) throws -> Bool {
        try account(uploadTokenHash: hash, for: asset, at: now) != nil
    }
}

extension Writing {
    public func insert(_ token: UploadTokenRecord) throws {
        try db.execute(
            sql: """
                INSERT INTO upload_token (id, account, asset, secret_hash, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [token.id, token.account, token.asset, token.secretHash, token.createdAt, token.expiresAt])
    }

    /// The draft has become a version, or is gone.
    public func revokeUploadTokens(of asset: Identifier<Asset>, at now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE upload_token SET revoked_at = ? WHERE asset = ? AND revoked_at IS NULL", arguments: [now, asset])
    }
}
