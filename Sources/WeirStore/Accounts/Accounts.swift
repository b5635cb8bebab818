import GRDB
public import WeirModel

public struct AccountRecord: Hashable, Sendable {
    public var id: Identifier<Account>
    public var login: String
    public var displayName: String
    public var passwordHash: String
    public var isOperator: Bool
    public var mustChangePassword: Bool
    public var lock: LoginLock.Standing
    public var createdAt: Timestamp
    public var disabledAt: Timestamp?

    public init(
        id: Identifier<Account>, login: String, displayName: String, passwordHash: String, isOperator: Bool,
        mustChangePassword: Bool, createdAt: Timestamp
    ) {
        self.id = id
        self.login = login
        self.displayName = displayName
        self.passwordHash = passwordHash
        self.isOperator = isOperator
        self.mustChangePassword = mustChangePassword
        self.lock = LoginLock.Standing()
        self.createdAt = createdAt
        self.disabledAt = nil
    }

    init(_ row: Row) {
        id = row["id"]
        login = row["login"]
        displayName = row["display_name"]
        passwordHash = row["password_hash"]
        isOperator = row["is_operator"]
        mustChangePassword = row["must_change_password"]
        lock = LoginLock.Standing(failures: row["failures"], lockedUntil: row["locked_until"])
        createdAt = row["created_at"]
        disabledAt = row["disabled_at"]
    }
}

extension Reading {
    public func account(_ id: Identifier<Account>) throws -> AccountRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM account WHERE id = ?"), arguments: [id]).map(AccountRecord.init)
    }

    public func account(login: String) throws -> AccountRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM account WHERE login = ?"), arguments: [login]).map(AccountRecord.init)
    }

    /// Those with `part` in their logins or names, or all.
    public func accounts(named part: String? = nil, _ page: PageRequest) throws -> Page<AccountRecord> {
        let order = KeysetOrder(page, name: "login")
        let part = part?.lowercased()
        let rows = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM account WHERE \(order.condition) AND (? IS NULL OR instr(login, ?) OR instr(lower(display_name), ?))
                    ORDER BY \(order.terms) LIMIT ?
                    """), arguments: order.arguments + [part, part, part, page.limit + 1])
        return Page(rows: rows, request: page, in: order, AccountRecord.init)
    }

    /// What the people are called that records name.
    public func logins(of accounts: Set<Identifier<Account>>) throws -> [Identifier<Account>: String] {
        guard !accounts.isEmpty else { return [:] }
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT id, login FROM account WHERE id IN (SELECT value FROM json_each(?))"),
            arguments: [try jsonText(accounts.map(\.text))])
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["id"], $0["login"]) })
    }

    public func hasAccounts() throws -> Bool {
        try Bool.fetchOne(db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM account)")) ?? false
    }
}

extension Writing {
    /// Throws `name_taken` when the login is in use.
    public func insert(_ account: AccountRecord) throws {
        guard try read.account(login: account.login) == nil else { throw WeirError.loginTaken(account.login) }
        try db.execute(
            sql: """
                INSERT INTO account (id, login, display_name, password_hash, is_operator, must_change_password, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                account.id, account.login, account.displayName, account.passwordHash, account.isOperator,
                account.mustChangePassword, account.createdAt,
            ])
    }

    public func setPassword(of account: Identifier<Account>, hash: String, mustChange: Bool) throws {
        try db.execute(
            sql: """
                UPDATE account SET password_hash = ?, must_change_password = ?, failures = 0, locked_until = NULL
                WHERE id = ?
                """, arguments: [hash, mustChange, account])
        try db.execute(sql: "DELETE FROM ssh_standing WHERE subject = ?", arguments: [ConsoleDoor.subject(account.text)])
    }

    /// What the operator sees of it; who is kept out is said by the standing of each source.
    public func setLock(of account: Identifier<Account>, to lock: LoginLock.Standing) throws {
        try db.execute(
            sql: "UPDATE account SET failures = ?, locked_until = ? WHERE id = ?",
            arguments: [lock.failures, lock.lockedUntil, account])
    }

    public func setDisabled(_ account: Identifier<Account>, at: Timestamp?) throws {
        try db.execute(sql: "UPDATE account SET disabled_at = ? WHERE id = ?", arguments: [at, account])
    }
}

extension WeirError {
    static func loginTaken(_ login: String) -> WeirError {
        WeirError(
            "name_taken", .conflict, subject: "login",
            LocalizedText("The login \"\(login)\" is in use.", zh: "用户名“\(login)”已被使用。"),
            remedy: LocalizedText("Choose another login.", zh: "请换一个用户名。"))
    }
}
