import ArgumentParser
import Foundation
import WeirModel

struct Login: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Log in to a server and remember it.",
        discussion: """
            Without a terminal, the password is the first line of standard input.

            EXAMPLES:
              weir login http://127.0.0.1:8080 --name operator
              weir login https://weir.example.org --name ada < password.txt
              weir login https://weir.example.org --with-token < token.txt
            """)

    @Argument(help: "Address of the server; that of the last login when left out.") var address: String?
    @Option(help: "The login name; asked for when left out.") var name: String?
    @Flag(help: "Take an API token from standard input in place of a password.") var withToken = false
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let server = try session.serverToAsk(address)
        let token: String
        if withToken {
            token = try Prompt.secret("Token")
        } else {
            let name = try name ?? Prompt.line("Login")
            let password = try Prompt.secret("Password")
            let call = try APICall.send(
                .post, "/api/v1/sessions", .object(["login": .string(name), "password": .string(password)]))
            token = try await session.anonymous(server: server).answer(call, as: Records.Session.self).value.secret
        }
        let api = session.anonymous(server: server, token: token)
        let identity = try await api.answer(.get("/api/v1/account"), as: Records.Identity.self)
        let account = identity.value.account
        try session.remember { profile in
            // What was chosen on another server, or by another person, is not there.
            if profile.server != server || profile.login != account.login { profile = Profile() }
            profile.server = server
            profile.token = token
            profile.login = account.login
            if profile.workspace == nil, identity.value.workspaces.count == 1 {
                let only = identity.value.workspaces[0]
                profile.workspace = Profile.Remembered(id: only.id, name: only.name)
            }
        }
        try session.output.done(
            "Logged in to \(server) as \(account.login).", json: identity.json, identifier: account.id)
        if account.mustChangePassword {
            session.output.note("Your password is for one use: change it with `weir password` before anything else.")
        }
    }
}

struct Logout: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "End the login and forget it.", discussion: "EXAMPLES:\n  weir logout")

    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        do {
            _ = try await session.api.answer(.delete("/api/v1/sessions"))
        } catch let failure as APIFailure where failure.httpStatus < 500 {
            // An API token has no session, and an old session is over: either way there is nothing to end.
        }
        try session.remember { profile in
            profile.token = nil
            profile.login = nil
        }
        try session.output.done("Logged out.")
    }
}

struct WhoAmI: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami", abstract: "Show who is logged in, where, and in which workspaces.",
        discussion: "EXAMPLES:\n  weir whoami\n  weir whoami --json")

    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let api = try session.api
        let identity = try await api.answer(.get("/api/v1/account"), as: Records.Identity.self)
        try session.output.details(identity, identifier: \.account.id) { identity in
            [
                ("login", identity.account.login), ("name", identity.account.displayName),
                ("operator", identity.account.isOperator ? "yes" : nil), ("server", api.server),
                ("workspaces", identity.workspaces.map { "\($0.name) (\($0.role))" }.joined(separator: "\n")),
                ("chosen workspace", session.profile.workspace?.name),
                ("chosen project", session.profile.project?.name),
            ]
        }
    }
}

struct Password: ClientCommand {
    static let configuration = CommandConfiguration(
        abstract: "Change your password; your other logins end.",
        discussion: """
            Without a terminal, standard input gives the password in use and the new one, a line each.

            EXAMPLES:
              weir password
            """)

    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let current = try Prompt.secret("Password in use")
        let new = try Prompt.secret("New password, at least \(PasswordRule.shortest) characters")
        try PasswordRule.check(new, field: "new_password")
        if Prompt.isPossible {
            guard try Prompt.secret("New password again") == new else {
                throw WeirError.malformed("new_password", "the same text twice")
            }
        }
        let body: JSONValue = .object(["current_password": .string(current), "new_password": .string(new)])
        _ = try await session.api.answer(.send(.put, "/api/v1/account/password", body))
        try session.output.done("Changed.")
    }
}
