import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform

struct SessionRoutes {
    let accounts: Accounts

    func add(to routes: Routes) {
        let accounts = accounts

        routes.post("sessions", "logIn", .anyone) { call in
            let input = try await call.input(LogIn.self)
            let login = try await accounts.login(
                input.login, password: input.password, from: call.source, while: call.presence())
            var response = call.answer(
                [
                    "secret": login.secret, "expires_at": login.expiresAt,
                    "account": AccountView(login.account).json,
                ], status: .created)
            response.headers[.setCookie] = Authentication.setCookie(
                login.secret, seconds: accounts.sessionDuration.milliseconds / 1000, secure: call.settings.tls != nil)
            return response
        }

        routes.delete("sessions", "logOut", .accountWithAnyPassword) { call in
            try await accounts.logout(call.caller, call.secret)
            var response = call.done()
            response.headers[.setCookie] = Authentication.setCookie("", seconds: 0, secure: call.settings.tls != nil)
            return response
        }
    }

    struct LogIn: Input {
        let login: String
        let password: String

        enum CodingKeys: String, CodingKey, CaseIterable { case login, password }
    }
}
