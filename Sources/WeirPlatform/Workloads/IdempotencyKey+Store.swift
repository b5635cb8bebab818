import WeirModel
import WeirStore

/// What a key has made already, and the remembering of it in the transaction that makes it.
extension Reading {
    /// Throws `idempotency_key_reused` when the key came with another request.
    func made<Subject>(under key: IdempotencyKey?, by caller: Caller) throws -> Identifier<Subject>? {
        try made(under: key, by: caller).flatMap { Identifier<Subject>($0) }
    }

    func made(under key: IdempotencyKey?, by caller: Caller) throws -> String? {
        guard let key else { return nil }
        return try made(by: caller.id, key: key.key, requestHash: key.requestHash)
    }
}

extension Writing {
    func remember(_ subject: String, under key: IdempotencyKey?, by caller: Caller, at now: Timestamp) throws {
        guard let key else { return }
        try remember(subject, madeBy: caller.id, key: key.key, requestHash: key.requestHash, at: now)
    }
}
