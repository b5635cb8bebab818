import NIOPosix
public import WeirModel
import WeirStore

/// Who gets in over SSH, and who is kept out (SSH-03 to SSH-05, X09).
///
/// Whatever is wrong, a client gets the same answer in the same time: no name, no place and no lock can be told from a wrong secret.
public struct SSHAccess: Sendable {
    let store: Store
    let clock: any WallClock
    let passwords: Passwords

    init(store: Store, clock: any WallClock, threads: NIOThreadPool) {
        self.store = store
        self.clock = clock
        passwords = Passwords(threads: threads)
    }

    /// Nil when it does not let in. Each attempt counts as a failure before the secret is looked at, so that many at once get no more
    /// guesses.
    public func authenticate(_ userName: String, password: String, from source: SSHSource) async throws -> SSHIdentity? {
        let now = clock.now()
        let user = SSHUserName(userName)
        if let user, user.person == .token { return try await authenticate(user, token: password, from: source, at: now) }
        let (owner, hash, mayEnter) = try await store.read { db -> (AccountRecord?, String?, Bool) in
            guard let user, let owner = try db.passwordOwner(of: user) else { return (nil, nil, false) }
            return (owner, try db.sshPasswordHash(of: owner.id), try db.mayEnter(user, owner))
        }
        let attempt = Attempt(userName: userName, account: owner?.id, source: source, method: .password)
        let (isLocked, matches) = try await passwords.matches(password, for: PasswordAsker(from: source)) {
            (try await begin(attempt, at: now), hash: hash)
        }
        let isIn = !isLocked && matches && mayEnter && owner?.disabledAt == nil
        try await end(attempt, isIn ? .accepted : isLocked ? .locked : .refused, at: now)
        guard isIn, let owner, let user, let hash else { return nil }
        return SSHIdentity(account: owner, user: user, method: .password, credential: .password(hash))
    }

    private func authenticate(
        _ user: SSHUserName, token: String, from source: SSHSource, at now: Timestamp
    ) async throws -> SSHIdentity? {
        guard case .draft(let asset) = user.place else { return nil }
        let hash = Secrets.hash(token)
        let owner = try await store.read { db -> AccountRecord? in
            guard let owner = try db.account(uploadTokenHash: hash, for: asset, at: now) else { return nil }
            return try db.mayEnter(user, owner) ? owner : nil
        }
        let attempt = Attempt(userName: user.description, account: owner?.id, source: source, method: .token)
        let isLocked = try await begin(attempt, at: now)
        try await end(attempt, isLocked ? .locked : owner == nil ? .refused : .accepted, at: now)
        guard !isLocked, let owner else { return nil }
        return SSHIdentity(account: owner, user: user, method: .token, credential: .token(hash: hash))
    }

    /// Whether it is worth while for the client to sign with this key. Asking costs nothing and counts as nothing.
    public func wouldAccept(_ userName: String, fingerprint: String) async throws -> Bool {
        guard let user = SSHUserName(userName) else { return false }
        return try await store.read { try $0.keyOwner(fingerprint, user) != nil }
    }

    /// The client has proved that it has the key. Nil when the key does not let in.
    public func authenticate(_ userName: String, provenKey fingerprint: String, from source: SSHSource) async throws -> SSHIdentity? {
        let now = clock.now()
        let user = SSHUserName(userName)
        let (owner, named) = try await store.read { db -> (AccountRecord?, Identifier<Account>?) in
            guard let user else { return (nil, nil) }
            return (try db.keyOwner(fingerprint, user), try db.passwordOwner(of: user)?.id)
        }
        let attempt = Attempt(
            userName: userName, account: owner?.id ?? named, source: source, method: .publicKey, fingerprint: fingerprint)
        let isLocked = try await begin(attempt, at: now)
        try await end(attempt, isLocked ? .locked : owner == nil ? .refused : .accepted, at: now)
        guard !isLocked, let owner, let user else { return nil }
        try await store.write { try $0.setSSHKeyUsed(fingerprint, of: owner.id, at: now) }
        return SSHIdentity(account: owner, user: user, method: .publicKey, credential: .key(fingerprint))
    }

    /// A client offered keys, none of them let in, and it gave up: one failure, however many keys it has (X09).
    public func keysRefused(_ userName: String, fingerprint: String, from source: SSHSource) async throws {
        let now = clock.now()
        let owner = try await store.read { db in try SSHUserName(userName).flatMap { try db.passwordOwner(of: $0)?.id } }
        let attempt = Attempt(userName: userName, account: owner, source: source, method: .publicKey, fingerprint: fingerprint)
        let isLocked = try await begin(attempt, at: now)
        try await end(attempt, isLocked ? .locked : .refused, at: now)
    }

    // MARK: Counting

    private struct Attempt: Sendable {
        let userName: String
        let account: Identifier<Account>?
        let source: SSHSource
        let method: SSHMethod
        var fingerprint: String?

        /// Names that are nobody's are counted like those that are somebody's.
        var subject: String { account?.text ?? "?" + userName.prefix(SSHUserName.limit) }
    }

    /// Gives whether the subject is locked for this source.
    private func begin(_ attempt: Attempt, at now: Timestamp) async throws -> Bool {
        try await store.write { db in
            let standing = try db.read.sshStanding(of: attempt.subject, from: attempt.source)
            guard !standing.isLocked(at: now) else { return true }
            try db.setSSHStanding(of: attempt.subject, from: attempt.source, to: standing.after(success: false, at: now), at: now)
            return false
        }
    }

    private func end(_ attempt: Attempt, _ outcome: SSHOutcome, at now: Timestamp) async throws {
        try await store.write { db in
            if outcome == .accepted {
                try db.setSSHStanding(of: attempt.subject, from: attempt.source, to: LoginLock.Standing(), at: now)
            }
            try db.insert(
                SSHAttemptRecord(
                    at: now, account: attempt.account, userName: String(attempt.userName.prefix(SSHUserName.limit)),
                    source: attempt.source, method: attempt.method, outcome: outcome, fingerprint: attempt.fingerprint))
        }
    }
}
