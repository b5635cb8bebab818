import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

struct AccountRoutes {
    let accounts: Accounts
    let workspaces: Workspaces

    func add(to routes: Routes) {
        let (accounts, workspaces) = (accounts, workspaces)

        routes.get("account", "getOwnAccount", .accountWithAnyPassword) { call in
            let page = try await workspaces.list(of: call.caller, PageRequest(limit: PageRequest.most))
            return call.answer([
                "account": AccountView(try call.caller.account),
                "workspaces": page.items.map { WorkspaceView(record: $0, role: $1) },
            ])
        }

        routes.put("account/password", "changePassword", .accountWithAnyPassword) { call in
            let input = try await call.input(ChangePassword.self)
            try await accounts.changePassword(of: call.caller, from: input.current, to: input.new, at: call.source)
            return call.done()
        }

        routes.get("accounts", "listAccounts") { call in
            let page = try await accounts.list(named: call.nameFilter(), call.pageOfNamed(), by: call.caller)
            return call.answer(page) { AccountView($0).json }
        }

        routes.post("accounts", "createAccount") { call in
            let input = try await call.input(NewAccount.self)
            let (account, password) = try await accounts.create(
                Accounts.NewAccount(
                    login: input.login, displayName: input.displayName, isOperator: input.isOperator ?? false),
                by: call.caller)
            return call.answer(
                ["account": AccountView(account), "one_time_password": password], status: .created)
        }

        routes.post("accounts/sign-up", "signUp", .anyone) { call in
            let input = try await call.input(SignUp.self)
            let account = try await accounts.signUp(
                Accounts.NewAccount(login: input.login, displayName: input.displayName, password: input.password),
                from: call.source, while: call.presence())
            return call.answer(AccountView(account).json, status: .created)
        }

        routes.post("accounts/{account}/password", "resetPassword") { call in
            let id = try call.id("account", of: Account.self)
            let password = try await accounts.resetPassword(of: id, by: call.caller)
            let account = try await accounts.account(id, by: call.caller)
            return call.answer(["account": AccountView(account), "one_time_password": password])
        }

        routes.post("accounts/{account}/disable", "disableAccount") { call in
            let id = try call.id("account", of: Account.self)
            try await accounts.setDisabled(id, true, by: call.caller)
            return call.answer(AccountView(try await accounts.account(id, by: call.caller)).json)
        }

        routes.post("accounts/{account}/enable", "enableAccount") { call in
            let id = try call.id("account", of: Account.self)
            try await accounts.setDisabled(id, false, by: call.caller)
            return call.answer(AccountView(try await accounts.account(id, by: call.caller)).json)
        }
    }

    struct ChangePassword: Input {
        let current: String?
        let new: String

        enum CodingKeys: String, CodingKey, CaseIterable {
            case current = "current_password"
            case new = "new_password"
        }
    }

    struct NewAccount: Input {
        let login: String
        let displayName: String?
        let isOperator: Bool?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case login
            case displayName = "display_name"
            case isOperator = "is_operator"
        }
    }

    struct SignUp: Input {
        let login: String
        let displayName: String?
        let password: String

        enum CodingKeys: String, CodingKey, CaseIterable {
            case login, password
            case displayName = "display_name"
        }
    }
}
