import GRDB
public import WeirModel

extension Reading {
    /// What the account made with this key before; throws when the request was another one.
    public func made(by account: Identifier<Account>, key: String, requestHash: String) throws -> String? {
        guard
            let row = try Row.fetchOne(
                db.cachedStatement(sql: "SELECT request_hash, subject FROM idempotency WHERE account = ? AND key = ?"),
                arguments: [account, key])
        else { return nil }
        let hash: String = row["request_hash"]
        guard hash == requestHash else { throw WeirError.idempotencyKeyReused() }
        return row["subject"]
    }
}

extension Writing {
    public func remember(
        _ subject: String, madeBy account: Identifier<Account>, key: String, requestHash: String, at now: Timestamp
    ) throws {
        try db.execute(
            sql: "INSERT INTO idempotency (account, key, request_hash, subject, created_at) VALUES (?, ?, ?, ?, ?)",
            arguments: [account, key, requestHash, subject, now])
    }

    public func forgetKeys(before moment: Timestamp) throws {
        try db.execute(sql: "DELETE FROM idempotency WHERE created_at < ?", arguments: [moment])
    }
}
