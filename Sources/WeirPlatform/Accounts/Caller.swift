public import WeirModel
public import WeirStore

/// Who asks: the account that a request's secret stands for.
public struct Caller: Sendable {
    public let account: AccountRecord
    /// By what; nil where Weir itself asks on somebody's behalf, or the person came by SSH.
    public let login: LiveLogin?

    public var id: Identifier<Account> { account.id }
    public var isOperator: Bool { account.isOperator }

    public init(_ account: AccountRecord, by login: LiveLogin? = nil) {
        self.account = account
        self.login = login
    }

    public func requireOperator() throws(WeirError) {
        guard isOperator else { throw .operatorOnly() }
    }

    /// Until a password that somebody else made is replaced, it is good for nothing else.
    public func requireOwnPassword() throws(WeirError) {
        guard !account.mustChangePassword else { throw .passwordChangeRequired() }
    }
}

extension WeirError {
    static func passwordChangeRequired() -> WeirError {
        WeirError(
            "password_change_required", .forbidden, subject: "password",
            LocalizedText("Choose a password of your own first.", zh: "请先设置您自己的密码。"),
            remedy: LocalizedText("Use `weir password`, or log in to the console.", zh: "请使用 `weir password` 或登录控制台修改。"))
    }
}
