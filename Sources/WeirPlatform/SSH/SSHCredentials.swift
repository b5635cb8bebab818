import Crypto
import Foundation
import NIOPosix
public import WeirModel
public import WeirStore

/// What a person has set to log in with over SSH: keys, which are advised, and a password (SSH-03, SSH-04, X09).
public struct SSHCredentials: Sendable {
    public static let mostKeys = 50
    public static let mostAttemptsShown = 100
    public static let tokenLife = Duration.seconds(7 * 86_400)

    let store: Store
    let clock: any WallClock
    let identifiers: any IdentifierSource
    let passwords: Passwords
    let assets: Assets

    init(store: Store, clock: any WallClock, identifiers: any IdentifierSource, threads: NIOThreadPool, assets: Assets) {
        self.store = store
        self.clock = clock
        self.identifiers = identifiers
        self.assets = assets
        passwords = Passwords(threads: threads)
    }

    /// Works at once, in running environments too. The name is the key's comment when none is given.
    public func addKey(_ text: String, named name: String?, by caller: Caller) async throws -> SSHKeyRecord {
        let key = try SSHPublicKey(text)
        let comment = key.comment.trimmingCharacters(in: .whitespaces)
        let name = try Name(name ?? (comment.isEmpty ? key.kind : String(comment.prefix(Name.limit)).replacing("/", with: "-")))
        let now = clock.now()
        let record = SSHKeyRecord(
            id: identifiers.next(SSHKey.self, at: now), account: caller.id, name: name.text, key: key,
            fingerprint: Self.fingerprint(of: key.blob), createdAt: now)
        try await store.write { db in
            guard try db.read.sshKeys(of: caller.id).count < Self.mostKeys else {
                throw WeirError.malformed("public_key", "at most \(Self.mostKeys) keys; remove one first", rule: "SSH-04")
            }
            try db.insert(record)
        }
        return record
    }

    public func keys(of caller: Caller) async throws -> [SSHKeyRecord] { try await store.read { try $0.sshKeys(of: caller.id) } }

    public func removeKey(_ id: Identifier<SSHKey>, by caller: Caller) async throws {
        guard try await store.write({ try $0.deleteSSHKey(id, of: caller.id) }) else { throw WeirError.notFound("ssh_key") }
    }

    /// A password for SSH alone; it also ends what failures have locked.
    public func setPassword(_ password: String, by caller: Caller) async throws {
        try PasswordRule.check(password)
        let now = clock.now()
        let hash = try await passwords.hash(password, for: PasswordAsker(caller.id))
        try await store.write { db in
            try db.setSSHPassword(of: caller.id, hash: hash, at: now)
            try db.clearSSHStandings(of: caller.id)
        }
    }

    /// From now on only keys let in.
    public func removePassword(by caller: Caller) async throws {
        let now = clock.now()
        try await store.write { try $0.setSSHPassword(of: caller.id, hash: nil, at: now) }
    }

    /// When the password was set; nil without one.
    public func passwordChange(of caller: Caller) async throws -> Timestamp? {
        try await store.read { try $0.sshPasswordChange(of: caller.id) }
    }

    /// The newest attempts to log in as the caller.
    public func attempts(on caller: Caller) async throws -> [SSHAttemptRecord] {
        try await store.read { try $0.sshAttempts(of: caller.id, limit: Self.mostAttemptsShown) }
    }

    /// A secret for one draft, which ends when the draft is confirmed (SSH-09). It is shown once.
    public func makeUploadToken(
        for asset: Identifier<Asset>, by caller: Caller
    ) async throws -> (UploadTokenRecord, secret: String) {
        _ = try await assets.draftForUpload(of: asset, for: caller)
        let now = clock.now()
        let secret = Secrets.make(prefix: "weiru")
        let record = UploadTokenRecord(
            id: identifiers.next(APIToken.self, at: now), account: caller.id, asset: asset, secretHash: Secrets.hash(secret),
            createdAt: now, expiresAt: now + Self.tokenLife)
        try await store.write { try $0.insert(record) }
        return (record, secret)
    }

    static func fingerprint(of blob: Data) -> String {
        "SHA256:" + Data(SHA256.hash(data: blob)).base64EncodedString().replacing("=", with: "")
    }
}
