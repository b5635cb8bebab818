import TestSupport
import Testing
import WeirModel
import WeirPlatform

@testable import WeirHTTP

@Suite struct SignInTests {
    @Test("a login gives a secret for programs and a cookie that scripts and other sites cannot use")
    func login() async throws {
        try await TestServer.with { server in
            try await server.signUp("ada")
            let answer = try await server.client.send(
                "POST", "/api/v1/sessions", json: ["login": "ada", "password": .text(TestServer.password)])
            #expect(answer.status == 201)
            let cookie = answer.header("Set-Cookie") ?? ""
            #expect(cookie.hasPrefix("weir_session=") && cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
            let account = try await server.client.send("GET", "/api/v1/account", secret: answer["secret"].text)
            #expect(account["account"]["login"].text == "ada")
        }
    }

    @Test("without a secret, with a wrong one or after logging out nothing but 401 comes")
    func unauthenticated() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let none = try await server.client.send("GET", "/api/v1/account")
            #expect(none.status == 401)
            #expect(none.header("WWW-Authenticate") == "Bearer realm=\"Weir\"")
            #expect(try await server.client.send("GET", "/api/v1/account", secret: "weirs_x").status == 401)

            try await server.api(ada, "DELETE", "sessions")
            #expect(try await server.client.send("GET", "/api/v1/account", secret: ada.secret).status == 401)
        }
    }

    @Test("every operation of the document that is not open to anyone wants a login")
    func everyOperation() async throws {
        let document = try OpenAPIDocument()
        try await TestServer.with { server in
            for operation in document.operations where operation.who != "anyone" {
                let path = operation.path.split(separator: "/").map { $0.hasPrefix("{") ? "x" : $0 }
                let answer = try await server.client.send(operation.method, "/" + path.joined(separator: "/"))
                #expect(answer.status == 401, "\(operation.id)")
            }
        }
    }

    @Test("a one-time password opens nothing but the change of it")
    func oneTimePassword() async throws {
        try await TestServer.with { server in
            let made = try await server.api(server.operatorAccount, "POST", "accounts", ["login": "bob"])
            let login = try await server.client.send(
                "POST", "/api/v1/sessions", json: ["login": "bob", "password": .text(made["one_time_password"].text)])
            let secret = login["secret"].text
            let refused = try await server.client.send("GET", "/api/v1/workspaces", secret: secret)
            #expect(refused.status == 403)
            #expect(refused.code == "password_change_required")
            #expect(try await server.client.send("GET", "/api/v1/account", secret: secret).status == 200)
        }
    }

    @Test("with the cookie, a change wants the header or Weir's own origin; a read does not")
    func crossSite() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let cookie = ("Cookie", "theme=dark; weir_session=\(ada.secret)")
            func create(_ headers: [(String, String)], _ name: String) async throws -> Int {
                try await server.client.send(
                    "POST", "/api/v1/workspaces", json: ["name": .text(name)], headers: headers
                ).status
            }
            #expect(try await server.client.send("GET", "/api/v1/account", headers: [cookie]).status == 200)
            #expect(try await create([cookie], "a") == 403)
            #expect(try await create([cookie, ("Origin", "https://evil.example")], "b") == 403)
            #expect(try await create([cookie, ("X-Weir-Request", "1")], "c") == 201)
            #expect(try await create([cookie, ("Origin", server.client.base)], "d") == 201)
        }
    }

    @Test("five wrong passwords lock the account for where they came from, a name that is nobody's as well (SSH-05, X09)")
    func lock() async throws {
        try await TestServer.with { server in
            try await server.signUp("ada")
            for login in ["ada", "nobody"] {
                for _ in 0..<5 {
                    let wrong = try await server.client.send(
                        "POST", "/api/v1/sessions", json: ["login": .text(login), "password": "not the password"])
                    #expect(wrong.status == 401)
                }
                let right = try await server.client.send(
                    "POST", "/api/v1/sessions", json: ["login": .text(login), "password": .text(TestServer.password)])
                #expect(right.status == 423)
                #expect(right.code == "account_locked")
            }
        }
    }

    @Test("a stranger keeps nobody out: from elsewhere the right password lets in (hostile 11, audit-c SSH-05)")
    func strangers() async throws {
        try await TestServer.with(
            clock: ManualClock(), names: HostNames(trustedProxies: ["127.0.0.1", "10.0.0.0/8"].compactMap { IPNetwork($0) })
        ) { server in
            try await server.signUp("ada")
            func attempt(_ password: String, from place: String) async throws -> Int {
                try await server.client.send(
                    "POST", "/api/v1/sessions", json: ["login": "ada", "password": .text(password)], headers: [("X-Forwarded-For", place)]
                ).status
            }
            #expect(try await attempt(TestServer.password, from: "198.51.100.7") == 201)
            for _ in 0..<5 { #expect(try await attempt("not the password", from: "203.0.113.1") == 401) }
            #expect(try await attempt(TestServer.password, from: "203.0.113.1") == 423)
            // Whatever a client says of itself, the nearest address that no trusted proxy has counts.
            #expect(try await attempt(TestServer.password, from: "198.51.100.7, 203.0.113.1, 10.1.1.1") == 423)
            #expect(try await attempt(TestServer.password, from: "203.0.113.2") == 201)
            // One site has the half of an IPv6 address.
            for number in 1...5 { #expect(try await attempt("not the password", from: "2001:db8:1:2::\(number)") == 401) }
            #expect(try await attempt(TestServer.password, from: "2001:db8:1:2::99") == 423)
            #expect(try await attempt(TestServer.password, from: "2001:db8:1:3::1") == 201)
            // Many places guess: new ones have to wait, one where the person has been before does not.
            var status = 0
            for place in 1...70 where status != 429 { status = try await attempt("not the password", from: "192.0.2.\(place)") }
            #expect(status == 429)
            #expect(try await attempt(TestServer.password, from: "198.51.100.7") == 201)
        }
    }

    @Test("a browser logs in from Weir's own pages alone; a program says nothing of pages (hostile 11)")
    func foreignLogin() async throws {
        try await TestServer.with { server in
            try await server.signUp("ada")
            func login(_ headers: [(String, String)]) async throws -> Int {
                try await server.client.send(
                    "POST", "/api/v1/sessions", json: ["login": "ada", "password": .text(TestServer.password)], headers: headers
                ).status
            }
            #expect(try await login([("Origin", "https://evil.example")]) == 403)
            #expect(try await login([("Origin", "null")]) == 403)
            #expect(try await login([("Sec-Fetch-Site", "cross-site"), ("X-Weir-Request", "1")]) == 403)
            // Another port of this host: a tenant's service.
            #expect(try await login([("Sec-Fetch-Site", "same-site")]) == 403)
            #expect(try await login([("Origin", server.client.base), ("Sec-Fetch-Site", "same-origin")]) == 201)
            #expect(try await login([]) == 201)
        }
    }

    @Test("a logout, a new password and a disabled account end what was entered under the session (hostile 11)")
    func loginsEnd() async throws {
        try await TestServer.with { server in
            try await server.signUp("ada")
            func live(_ password: String = TestServer.password) async throws -> (secret: String, login: LoginReference) {
                let secret = try await server.client.send(
                    "POST", "/api/v1/sessions", json: ["login": "ada", "password": .text(password)]
                ).json["secret"].text
                let login = try #require(try await server.platform.accounts.authenticate(secret).login)
                #expect(server.platform.routes.isLive(login.reference))
                return (secret, login.reference)
            }
            let (first, second) = (try await live(), try await live())
            #expect(try await server.client.send("DELETE", "/api/v1/sessions", secret: first.secret).status == 204)
            #expect(!server.platform.routes.isLive(first.login) && server.platform.routes.isLive(second.login))
            let changed = try await server.client.send(
                "PUT", "/api/v1/account/password",
                json: ["current_password": .text(TestServer.password), "new_password": "another battery staple"], secret: second.secret)
            #expect(changed.status == 204)
            // The session that changes it stays; every other one ends.
            #expect(server.platform.routes.isLive(second.login))
            let third = try await live("another battery staple")
            let more = try await server.client.send(
                "PUT", "/api/v1/account/password",
                json: ["current_password": "another battery staple", "new_password": .text(TestServer.password)], secret: third.secret)
            #expect(more.status == 204)
            #expect(!server.platform.routes.isLive(second.login) && server.platform.routes.isLive(third.login))
        }
    }

    @Test("who logged in with a password that must be changed types only the new one, and stays logged in (ux 10)")
    func firstLogin() async throws {
        try await TestServer.with { server in
            let made = try await server.api(server.operatorAccount, "POST", "accounts", ["login": "eve"])
            let once = made["one_time_password"].text
            func logIn(_ password: String) async throws -> String {
                try await server.client.send("POST", "/api/v1/sessions", json: ["login": "eve", "password": .text(password)]).json["secret"]
                    .text
            }
            let secret = try await logIn(once)
            func change(_ json: JSONText) async throws -> TestClient.Answer {
                try await server.client.send("PUT", "/api/v1/account/password", json: json, secret: secret)
            }
            #expect(try await change(["new_password": .text(once)]).code == "same_password")
            #expect(try await change(["new_password": "short"]).code == "malformed")
            #expect(try await change(["new_password": "another battery staple"]).status == 204)
            #expect(try await server.client.send("GET", "/api/v1/workspaces", secret: secret).status == 200)
            // From now on the present one is asked for.
            #expect(try await change(["new_password": "a third battery staple"]).code == "missing_field")
            let token = try await server.client.send("POST", "/api/v1/tokens", json: ["name": "t"], secret: secret).json["secret"].text
            let byToken = try await server.client.send(
                "PUT", "/api/v1/account/password", json: ["new_password": "a third battery staple"], secret: token)
            #expect(byToken.code == "missing_field")
        }
    }

    @Test("an API token works until it is revoked")
    func tokens() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let made = try await server.api(ada, "POST", "tokens", ["name": "laptop"])
            let secret = made["secret"].text
            #expect(try await server.client.send("GET", "/api/v1/account", secret: secret).status == 200)
            #expect(try await server.api(ada, "GET", "tokens")["items"][0]["name"].text == "laptop")
            try await server.api(ada, "DELETE", "tokens/\(made["token"]["id"].text)")
            #expect(try await server.client.send("GET", "/api/v1/account", secret: secret).status == 401)
        }
    }

    @Test("only the operator sees and makes accounts")
    func operatorOnly() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let answer = try await server.client.send("GET", "/api/v1/accounts", secret: ada.secret)
            #expect(answer.status == 403)
            #expect(answer.code == "operator_only")
            let accounts = try await server.api(server.operatorAccount, "GET", "accounts")
            #expect(accounts["items"].items.map { $0["login"].text } == ["ada", "root"])
        }
    }
}
