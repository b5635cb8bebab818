public import NIOPosix
public import WeirModel
public import WeirStore

/// Who can log in, and by what (IDW, SSH-05).
public struct Accounts: Sendable {
    public static let longestToken = Duration.seconds(366 * 86_400)
    public static let mostTokens = 100

    private let store: Store
    private let clock: any WallClock
    private let identifiers: any IdentifierSource
    private let passwords: Passwords
    private let memberships: Memberships
    private let departures: Departures
    private let signUpIsOpen: Bool
    private let pressure = LoginPressure()
    public let sessionDuration: Duration

    public init(
        store: Store, clock: any WallClock, identifiers: any IdentifierSource, threads: NIOThreadPool,
        memberships: Memberships, departures: Departures, signUpIsOpen: Bool, sessionDuration: Duration = .seconds(7 * 86_400)
    ) {
        self.store = store
        self.clock = clock
        self.identifiers = identifiers
        self.passwords = Passwords(threads: threads)
        self.memberships = memberships
        self.departures = departures
        self.signUpIsOpen = signUpIsOpen
        self.sessionDuration = sessionDuration
    }

    // MARK: Proving who one is

    public struct Login: Sendable {
        public let account: AccountRecord
        /// Shown to the person once; only its hash is kept.
        public let secret: String
        public let expiresAt: Timestamp
    }

    /// Begins a session. Five failures in a row from one source lock the account for it for half an hour (SSH-05, X09): nobody keeps
    /// somebody else out. Names that are nobody's are counted like those that are somebody's.
    ///
    /// Each attempt is counted as a failure before the password is looked at, so that many at once get no more guesses.
    ///
    /// - Parameter isThere: whether the client still waits; asked when the password's turn has come.
    public func login(
        _ login: String, password: String, from source: SSHSource, while isThere: @escaping @Sendable () -> Bool = { true }
    ) async throws -> Login {
        let isKnown = try await admit(login, from: source)
        let asker = PasswordAsker(from: source, isKnown: isKnown, isThere: isThere)
        let (account, isRight) = try await passwords.matches(password, for: asker) {
            let account = try await attempt(as: login, from: source)
            return (account, hash: account?.passwordHash)
        }
        guard let account, isRight else { throw WeirError.wrongPassword() }
        guard account.disabledAt == nil else { throw WeirError.accountDisabled() }
        let now = clock.now()
        let secret = Secrets.make(prefix: "weirs")
        let session = SessionRecord(
            id: identifiers.next(Session.self, at: now), account: account.id, secretHash: Secrets.hash(secret),
            createdAt: now, expiresAt: now + sessionDuration)
        try await store.write { db in
            try db.setSSHStanding(of: ConsoleDoor.subject(account.id.text), from: source, to: LoginLock.Standing(), at: now)
            try db.setLock(of: account.id, to: LoginLock.Standing())
            try db.setKnown(source, to: account.id, at: now)
            try db.insert(session)
        }
        pressure.giveBack(ConsoleDoor.subject(account.id.text), from: source)
        memberships.begin(LiveLogin(reference: .session(session.id), account: account.id, endsAt: session.expiresAt))
        return Login(account: account, secret: secret, expiresAt: session.expiresAt)
    }

    /// Whether the account has logged in from there before; a place where it has not is slowed down. Throws `too_many_logins`.
    private func admit(_ login: String, from source: SSHSource) async throws -> Bool {
        let (subject, isKnown) = try await store.read { db in
            let account = try db.account(login: login)
            return (Self.subject(account, login), try account.map { try db.isKnown(source, to: $0.id) } ?? false)
        }
        if !isKnown { try pressure.take(subject, from: source, at: clock.now()) }
        return isKnown
    }

    private static func subject(_ account: AccountRecord?, _ login: String) -> String {
        ConsoleDoor.subject(account?.id.text ?? "?" + login.prefix(64))
    }

    /// Counts one more failure of the name from the source, and gives the account that has it. Throws `account_locked`.
    private func attempt(as login: String, from source: SSHSource) async throws -> AccountRecord? {
        let now = clock.now()
        return try await store.write { db in
            let account = try db.read.account(login: login)
            let subject = Self.subject(account, login)
            let standing = try db.read.sshStanding(of: subject, from: source)
            if standing.isLocked(at: now), let until = standing.lockedUntil { throw WeirError.accountLocked(until: until) }
            let next = standing.after(success: false, at: now)
            try db.setSSHStanding(of: subject, from: source, to: next, at: now)
            if let account, next.lockedUntil != nil { try db.setLock(of: account.id, to: next) }
            return account
        }
    }

    /// The account behind a session's or an API token's secret.
    public func authenticate(_ secret: String) async throws -> Caller {
        let hash = Secrets.hash(secret)
        let now = clock.now()
        guard let (account, login) = try await store.read({ try $0.login(secretHash: hash, at: now) }) else {
            throw WeirError.unauthenticated()
        }
        return Caller(account, by: login)
    }

    /// Says when a login may have ended, or somebody may have come or gone in some workspace: what is open for long asks anew then.
    public func loginAndMemberChanges() -> AsyncStream<Void> { memberships.changes() }

    /// What was entered under the login ends with it: tools that are open in a browser, too.
    public func logout(_ caller: Caller, _ secret: String) async throws {
        let hash = Secrets.hash(secret)
        try await store.write { try $0.endSession(secretHash: hash) }
        if let login = caller.login, case .session = login.reference { memberships.end(login.reference) }
    }

    /// Ends every other session of the account; tokens go on. Guesses of the old one count like those at the door.
    /// - Parameter old: nil from a session that began with a password that must be changed: it was typed a moment ago.
    public func changePassword(of caller: Caller, from old: String?, to new: String, at source: SSHSource) async throws {
        try PasswordRule.check(new, field: "new_password")
        let asker = PasswordAsker(caller.id)
        let kept: Identifier<Session>? = if case .session(let session)? = caller.login?.reference { session } else { nil }
        if let old {
            guard old != new else { throw WeirError.samePassword() }
            _ = try await admit(caller.account.login, from: source)
            let (_, isRight) = try await passwords.matches(old, for: asker) {
                let account = try await attempt(as: caller.account.login, from: source)
                return (account, hash: account?.passwordHash)
            }
            guard isRight else { throw WeirError.wrongPassword() }
        } else {
            guard caller.account.mustChangePassword, kept != nil else { throw WeirError.missing("current_password") }
            guard try await !passwords.matches(new, hash: caller.account.passwordHash, for: asker) else { throw WeirError.samePassword() }
        }
        let hash = try await passwords.hash(new, for: asker)
        try await store.write { db in
            try db.setPassword(of: caller.id, hash: hash, mustChange: false)
            try db.endSessions(of: caller.id, but: kept)
        }
        memberships.endSessions(of: caller.id, but: kept)
    }

    // MARK: Accounts, by the operator

    public struct NewAccount: Sendable {
        public var login: String
        public var displayName: String?
        /// Nil has Weir make one that must be changed at the first login.
        public var password: String?
        public var isOperator: Bool

        public init(login: String, displayName: String? = nil, password: String? = nil, isOperator: Bool = false) {
            self.login = login
            self.displayName = displayName
            self.password = password
            self.isOperator = isOperator
        }
    }

    /// A new account, and the one-time password when none was given.
    public func create(_ new: NewAccount, by caller: Caller) async throws -> (AccountRecord, oneTimePassword: String?) {
        try caller.requireOperator()
        return try await create(new, mustChange: true, by: caller.id, for: PasswordAsker(caller.id))
    }

    /// Makes an account for whoever asks, where the configuration lets them.
    public func signUp(
        _ new: NewAccount, from source: SSHSource, while isThere: @escaping @Sendable () -> Bool = { true }
    ) async throws -> AccountRecord {
        guard signUpIsOpen else { throw WeirError.signUpClosed() }
        guard new.password != nil else { throw WeirError.missing("password") }
        var person = new
        person.isOperator = false
        return try await create(person, mustChange: false, for: PasswordAsker(from: source, isThere: isThere)).0
    }

    /// The first account of an installation; nil when there are accounts already.
    public func createFirstOperator(login: String, oneTimePassword: String) async throws -> AccountRecord? {
        guard try await !store.read({ try $0.hasAccounts() }) else { return nil }
        let new = NewAccount(login: login, displayName: "Operator", password: oneTimePassword, isOperator: true)
        return try await create(new, mustChange: true, for: PasswordAsker(from: SSHSource("here"), isKnown: true)).0
    }

    public static func makeOneTimePassword() -> String { Secrets.oneTimePassword() }

    /// Who makes an account for themselves is who made it.
    private func create(
        _ new: NewAccount, mustChange: Bool, by maker: Identifier<Account>? = nil, for asker: PasswordAsker
    ) async throws -> (AccountRecord, oneTimePassword: String?) {
        let login = try LoginName(new.login)
        let displayName = try Name(new.displayName ?? new.login, field: "display_name")
        if let password = new.password { try PasswordRule.check(password) }
        let made = new.password == nil ? Secrets.oneTimePassword() : nil
        let now = clock.now()
        let account = AccountRecord(
            id: identifiers.next(Account.self, at: now), login: login.text, displayName: displayName.text,
            passwordHash: try await passwords.hash(new.password ?? made ?? "", for: asker), isOperator: new.isOperator,
            mustChangePassword: mustChange, createdAt: now)
        try await store.write { db in
            try db.insert(account)
            try db.record(.accountCreated, account, by: maker ?? account.id, at: now)
        }
        return (account, made)
    }

    public func list(named name: String? = nil, _ page: PageRequest, by caller: Caller) async throws -> Page<AccountRecord> {
        try caller.requireOperator()
        return try await store.read { try $0.accounts(named: name, page) }
    }

    public func account(_ id: Identifier<Account>, by caller: Caller) async throws -> AccountRecord {
        guard caller.isOperator || caller.id == id, let account = try await store.read({ try $0.account(id) }) else {
            throw WeirError.notFound("account")
        }
        return account
    }

    /// What the people are called that an answer names.
    public func logins(of accounts: Set<Identifier<Account>>) async throws -> [Identifier<Account>: String] {
        try await store.read { try $0.logins(of: accounts) }
    }

    /// The same of projects, workspaces and workloads as well, for an answer that carries the identifiers alone.
    public func names(of identifiers: Set<String>) async throws -> [String: String] {
        try await store.read { try $0.names(of: identifiers) }
    }

    /// Gives the account a new one-time password, and ends its sessions.
    public func resetPassword(of id: Identifier<Account>, by caller: Caller) async throws -> String {
        try caller.requireOperator()
        let account = try await account(id, by: caller)
        let password = Secrets.oneTimePassword()
        let hash = try await passwords.hash(password, for: PasswordAsker(caller.id))
        let now = clock.now()
        try await store.write { db in
            try db.setPassword(of: account.id, hash: hash, mustChange: true)
            try db.endSessions(of: account.id)
            try db.record(.passwordReset, account, by: caller.id, at: now)
        }
        memberships.endSessions(of: account.id)
        return password
    }

    /// A disabled account cannot log in; what it made stays.
    public func setDisabled(_ id: Identifier<Account>, _ disabled: Bool, by caller: Caller) async throws {
        try caller.requireOperator()
        guard id != caller.id else { throw WeirError.malformed("account", "another account than your own") }
        let account = try await account(id, by: caller)
        let now = clock.now()
        let stopped = try await store.write { db -> [WorkloadRecord] in
            try db.setDisabled(account.id, at: disabled ? now : nil)
            if disabled { try db.endSessions(of: account.id) }
            guard disabled != (account.disabledAt != nil) else { return [] }
            try db.record(disabled ? .accountDisabled : .accountEnabled, account, by: caller.id, at: now)
            guard disabled else {
                try db.removeDepartures(of: account.id)
                return []
            }
            return try db.read.memberships(of: account.id).flatMap { try departures.note(account, from: $0, at: now, db) }
        }
        if disabled { memberships.endSessions(of: account.id) }
        departures.tell(stopped)
        try await memberships.refresh()
    }

    // MARK: API tokens

    /// A named secret for programs; shown once.
    public func createToken(
        named name: String, expiresAt: Timestamp?, by caller: Caller
    ) async throws -> (APITokenRecord, secret: String) {
        let name = try Name(name)
        let now = clock.now()
        if let expiresAt, expiresAt <= now || expiresAt > now + Self.longestToken {
            throw WeirError.malformed("expires_at", "a moment within the next 366 days")
        }
        let secret = Secrets.make(prefix: "weirt")
        let token = APITokenRecord(
            id: identifiers.next(APIToken.self, at: now), account: caller.id, name: name.text,
            secretHash: Secrets.hash(secret), createdAt: now, expiresAt: expiresAt)
        try await store.write { db in
            guard try db.read.tokens(of: caller.id).count < Self.mostTokens else {
                throw WeirError.malformed("name", "at most \(Self.mostTokens) tokens; revoke one first")
            }
            try db.insert(token)
        }
        memberships.begin(LiveLogin(reference: .token(token.id), account: caller.id, endsAt: expiresAt))
        return (token, secret)
    }

    public func tokens(of caller: Caller) async throws -> [APITokenRecord] {
        try await store.read { try $0.tokens(of: caller.id) }
    }

    public func revokeToken(_ id: Identifier<APIToken>, by caller: Caller) async throws {
        let now = clock.now()
        guard try await store.write({ try $0.revoke(id, of: caller.id, at: now) }) else {
            throw WeirError.notFound("token")
        }
        memberships.end(.token(id))
    }
}

extension WeirError {
    static func samePassword() -> WeirError {
        WeirError(
            "same_password", .invalid, subject: "new_password",
            LocalizedText("The new password is the old one.", zh: "新密码与原密码相同。"),
            remedy: LocalizedText("Choose another one.", zh: "请使用其他密码。"))
    }

    static func accountDisabled() -> WeirError {
        WeirError(
            "account_disabled", .forbidden, subject: "login",
            LocalizedText("This account has been disabled.", zh: "此账户已被停用。"),
            remedy: LocalizedText("Ask the operator.", zh: "请联系运营管理员。"))
    }

    static func signUpClosed() -> WeirError {
        WeirError(
            "sign_up_closed", .forbidden, subject: "sign_up",
            LocalizedText("People cannot make accounts for themselves here.", zh: "本平台未开放自助注册。"),
            remedy: LocalizedText("Ask the operator for an account.", zh: "请联系运营管理员开通账户。"))
    }
}
