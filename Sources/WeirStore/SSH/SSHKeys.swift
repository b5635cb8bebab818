import GRDB
public import WeirModel

/// A public key of an account (SSH-04).
public struct SSHKeyRecord: Hashable, Sendable {
    public var id: Identifier<SSHKey>
    public var account: Identifier<Account>
    public var name: String
    public var kind: String
    public var bits: Int
    /// `SHA256:` and base 64, as `ssh-keygen -l` shows it.
    public var fingerprint: String
    /// Kind and key, without a comment.
    public var publicKey: String
    public var createdAt: Timestamp
    public var usedAt: Timestamp?

    public init(
        id: Identifier<SSHKey>, account: Identifier<Account>, name: String, key: SSHPublicKey, fingerprint: String, createdAt: Timestamp
    ) {
        self.id = id
        self.account = account
        self.name = name
        kind = key.kind
        bits = key.bits
        self.fingerprint = fingerprint
        publicKey = key.line
        self.createdAt = createdAt
    }

    init(_ row: Row) {
        id = row["id"]
        account = row["account"]
        name = row["name"]
        kind = row["kind"]
        bits = row["bits"]
        fingerprint = row["fingerprint"]
        publicKey = row["public_key"]
        createdAt = row["created_at"]
        usedAt = row["used_at"]
    }
}

extension Reading {
    public func sshKeys(of account: Identifier<Account>) throws -> [SSHKeyRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM ssh_key WHERE account = ? ORDER BY id DESC"), arguments: [account]
        ).map(SSHKeyRecord.init)
    }

    public func hasSSHKey(_ fingerprint: String, _ account: Identifier<Account>) throws -> Bool {
        try Bool.fetchOne(
            db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM ssh_key WHERE account = ? AND fingerprint = ?)"),
            arguments: [account, fingerprint]) ?? false
    }

    /// The people who have this key and are not disabled, a hundred at most.
    public func accounts(sshFingerprint fingerprint: String) throws -> [AccountRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT account.* FROM ssh_key JOIN account ON account.id = ssh_key.account
                    WHERE fingerprint = ? AND disabled_at IS NULL ORDER BY ssh_key.id LIMIT 100
                    """), arguments: [fingerprint]
        ).map(AccountRecord.init)
    }

    /// The hash of the account's password for SSH (SSH-03).
    public func sshPasswordHash(of account: Identifier<Account>) throws -> String? {
        try String.fetchOne(
            db.cachedStatement(sql: "SELECT hash FROM ssh_password WHERE account = ?"), arguments: [account])
    }

    public func sshPasswordChange(of account: Identifier<Account>) throws -> Timestamp? {
        try Timestamp.fetchOne(
            db.cachedStatement(sql: "SELECT changed_at FROM ssh_password WHERE account = ?"), arguments: [account])
    }
}

extension Writing {
    /// Throws `ssh_key_there` when the account has this key.
    public func insert(_ key: SSHKeyRecord) throws {
        do {
            try db.execute(
                sql: """
                    INSERT INTO ssh_key (id, account, name, kind, bits, fingerprint, public_key, created_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [key.id, key.account, key.name, key.kind, key.bits, key.fingerprint, key.publicKey, key.createdAt])
        } catch let error as DatabaseError where error.isTaken("fingerprint") {
            throw WeirError.sshKeyThere(key.fingerprint)
        }
    }

    /// Returns whether the account had it.
    public func deleteSSHKey(_ id: Identifier<SSHKey>, of account: Identifier<Account>) throws -> Bool {
        try db.execute(sql: "DELETE FROM ssh_key WHERE id = ? AND account = ?", arguments: [id, account])
        return db.changesCount > 0
    }

    public func setSSHKeyUsed(_ fingerprint: String, of account: Identifier<Account>, at now: Timestamp) throws {
        try db.execute(
            sql: "UPDATE ssh_key SET used_at = ? WHERE account = ? AND fingerprint = ?", arguments: [now, account, fingerprint])
    }

    /// Nil takes the password away: then only keys let in.
    public func setSSHPassword(of account: Identifier<Account>, hash: String?, at now: Timestamp) throws {
        guard let hash else {
            return try db.execute(sql: "DELETE FROM ssh_password WHERE account = ?", arguments: [account])
        }
        try db.execute(
            sql: "INSERT OR REPLACE INTO ssh_password (account, hash, changed_at) VALUES (?, ?, ?)", arguments: [account, hash, now])
    }
}

extension WeirError {
    static func sshKeyThere(_ fingerprint: String) -> WeirError {
        WeirError(
            "ssh_key_there", .conflict, subject: "public_key", rule: "SSH-04",
            LocalizedText("You have added this key before (\(fingerprint)).", zh: "此公钥已添加（\(fingerprint)）。"))
    }
}
