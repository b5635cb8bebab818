import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

struct TokenRoutes {
    let accounts: Accounts

    func add(to routes: Routes) {
        let accounts = accounts

        routes.get("tokens", "listTokens") { call in
            call.answer(all: try await accounts.tokens(of: call.caller), Self.show)
        }

        routes.post("tokens", "createToken") { call in
            let input = try await call.input(NewToken.self)
            let (token, secret) = try await accounts.createToken(
                named: input.name, expiresAt: input.expiresAt, by: call.caller)
            return call.answer(["token": Self.show(token), "secret": secret], status: .created)
        }

        routes.delete("tokens/{token}", "revokeToken") { call in
            try await accounts.revokeToken(call.id("token"), by: call.caller)
            return call.done()
        }
    }

    @Sendable private static func show(_ token: APITokenRecord) -> JSON {
        ["id": token.id, "name": token.name, "created_at": token.createdAt, "expires_at": token.expiresAt]
    }

    struct NewToken: Input {
        let name: String
        let expiresAt: Timestamp?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name
            case expiresAt = "expires_at"
        }
    }
}
