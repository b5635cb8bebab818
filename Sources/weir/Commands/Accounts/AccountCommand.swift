import ArgumentParser
import WeirModel

struct AccountCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Accounts of people, for the operator.",
        subcommands: [Create.self, List.self, ResetPassword.self, Disable.self, Enable.self, SignUp.self])

    static let columns = Table(
        .text("LOGIN"), .text("NAME"), .text("ROLE"), .text("STATE"), .text("CREATED"), .text("ID"))

    static func row(_ account: Records.Account) -> [String] {
        let state =
            account.disabledAt != nil
            ? "disabled"
            : account.lockedUntil.map { "locked until \($0.short)" } ?? (account.mustChangePassword ? "new" : "active")
        return [
            account.login, account.displayName, account.isOperator ? "operator" : "", state, account.createdAt.short,
            account.id,
        ]
    }

    /// The account with that login or id.
    static func find(_ name: String, _ api: APIClient) async throws -> String {
        if name.isIdentifier("acc") { return name }
        let all = try await api.list(.get("/api/v1/accounts"), of: Records.Account.self).value
        guard let account = all.first(where: { $0.login == name }) else { throw WeirError.noneCalled("account", name) }
        return account.id
    }

    static func tell(_ answer: Answer<Records.AccountWithPassword>, _ output: Output) throws {
        if output.quiet { return print(answer.value.oneTimePassword) }
        try output.done(
            """
            \(answer.value.account.login)'s one-time password, shown this once: \(answer.value.oneTimePassword)
            It has to be changed at the first login.
            """, json: answer.json)
    }

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create an account with a one-time password.",
            discussion: "EXAMPLES:\n  weir account create ada --display-name 'Ada Lovelace'")

        @Argument(help: "The login name.") var login: String
        @Option(help: "The name that others see.") var displayName: String?
        @Flag(help: "The account may run the installation.") var `operator` = false
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let body = JSONValue.members([
                "login": .string(login), "display_name": displayName.map { .string($0) },
                "is_operator": `operator` ? true : nil,
            ])
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/accounts", body), as: Records.AccountWithPassword.self)
            try AccountCommand.tell(answer, session.output)
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all accounts.", discussion: "EXAMPLES:\n  weir account list", aliases: ["ls"])

        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.list(.get("/api/v1/accounts"), of: Records.Account.self)
            try session.output.list(answer, AccountCommand.columns, identifier: \.id, row: AccountCommand.row)
        }
    }

    struct ResetPassword: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give an account a new one-time password; ends its logins and its lock.",
            discussion: "EXAMPLES:\n  weir account reset-password ada")

        @Argument(help: "Login or id.") var account: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let api = try session.api
            let id = try await AccountCommand.find(account, api)
            let answer = try await api.answer(
                .send(.post, "/api/v1/accounts/\(id)/password"), as: Records.AccountWithPassword.self)
            try AccountCommand.tell(answer, session.output)
        }
    }

    struct Disable: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let an account log in no more.", discussion: "EXAMPLES:\n  weir account disable ada")

        @Argument(help: "Login or id.") var account: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let api = try session.api
            let id = try await AccountCommand.find(account, api)
            let answer = try await api.answer(.send(.post, "/api/v1/accounts/\(id)/disable"))
            try session.output.done("\(account) cannot log in any more.", json: answer, identifier: id)
        }
    }

    struct Enable: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a disabled account log in again.", discussion: "EXAMPLES:\n  weir account enable ada")

        @Argument(help: "Login or id.") var account: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let api = try session.api
            let id = try await AccountCommand.find(account, api)
            let answer = try await api.answer(.send(.post, "/api/v1/accounts/\(id)/enable"))
            try session.output.done("\(account) can log in again.", json: answer, identifier: id)
        }
    }

    struct SignUp: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create an account for yourself, where the server is open for that.",
            discussion: "EXAMPLES:\n  weir account sign-up ada --server https://weir.example.org")

        @Argument(help: "The login name.") var login: String
        @Option(help: "The name that others see.") var displayName: String?
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let server = try session.serverToAsk(nil)
            let password = try Prompt.secret("Password, at least \(PasswordRule.shortest) characters")
            let body = JSONValue.members([
                "login": .string(login), "password": .string(password), "display_name": displayName.map { .string($0) },
            ])
            let answer = try await session.anonymous(server: server).answer(
                .send(.post, "/api/v1/accounts/sign-up", body))
            try session.output.done("Created. Log in with `weir login \(server) --name \(login)`.", json: answer)
        }
    }
}
