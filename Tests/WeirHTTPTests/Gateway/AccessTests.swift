import Foundation
import TestSupport
import Testing
import WeirHTTP
import WeirModel
import WeirPlatform

@Suite("The gateway lets in who may")
struct AccessTests {
    @Test("a token is good for one entry; the cookie is the tool's alone and seen by no script")
    func entry() async throws {
        try await GatewayUnderTest.with { gateway in
            gateway.setTool(to: .down(LocalizedText("It starts.", zh: "正在启动。")))
            let token = try gateway.tokens.issue(
                to: gateway.account, as: gateway.login, for: gateway.workload, tool: "jupyter", path: "lab?reset")
            let (head, _) = try await gateway.get("/enter?token=\(token)")
            #expect(head.hasPrefix("HTTP/1.1 303 "))
            #expect(head.contains("\r\nLocation: \(gateway.path())lab?reset\r\n"))
            let cookie = try #require(head.split(separator: "\r\n").first { $0.hasPrefix("Set-Cookie: ") })
            #expect(cookie.contains("; Path=\(gateway.path()); Max-Age=43200; HttpOnly; SameSite=Lax"))
            #expect(try await gateway.get("/enter?token=\(token)").head.hasPrefix("HTTP/1.1 401 "))
        }
    }

    @Test("without a cookie 401; with another tool's cookie 401; to who is no member 404; where nothing is 404")
    func refusals() async throws {
        try await GatewayUnderTest.with { gateway in
            gateway.setTool(to: .down(LocalizedText("It starts.", zh: "正在启动。")))
            gateway.setTool("board", to: .down(LocalizedText("It starts.", zh: "正在启动。")))
            #expect(try await gateway.get(gateway.path()).head.hasPrefix("HTTP/1.1 401 "))
            let cookie = try await gateway.enter()
            #expect(try await gateway.get(gateway.path(), cookie: cookie).head.hasPrefix("HTTP/1.1 503 "))
            #expect(try await gateway.get(gateway.path("board"), cookie: cookie).head.hasPrefix("HTTP/1.1 401 "))
            #expect(try await gateway.get(gateway.path(), cookie: cookie + "x").head.hasPrefix("HTTP/1.1 401 "))
            let stranger = RandomIdentifiers().next(Account.self, at: gateway.clock.now())
            let token = try gateway.tokens.issue(to: stranger, as: gateway.login, for: gateway.workload, tool: "jupyter")
            #expect(try await gateway.get("/enter?token=\(token)").head.hasPrefix("HTTP/1.1 404 "))
            gateway.routes.setMembers(of: gateway.workspace, to: [stranger])
            #expect(try await gateway.get(gateway.path(), cookie: cookie).head.hasPrefix("HTTP/1.1 404 "))
            gateway.routes.setMembers(of: gateway.workspace, to: [gateway.account])
            #expect(try await gateway.get(gateway.path(), cookie: cookie).head.hasPrefix("HTTP/1.1 503 "))
            gateway.routes.removeTools(of: gateway.workload)
            #expect(try await gateway.get(gateway.path(), cookie: cookie).head.hasPrefix("HTTP/1.1 404 "))
            #expect(try await gateway.get("/").head.hasPrefix("HTTP/1.1 404 "))
        }
    }

    @Test("a token lives a minute, a cookie twelve hours")
    func expiry() async throws {
        try await GatewayUnderTest.with { gateway in
            gateway.setTool(to: .down(LocalizedText("It starts.", zh: "正在启动。")))
            let late = try gateway.tokens.issue(to: gateway.account, as: gateway.login, for: gateway.workload, tool: "jupyter")
            let cookie = try await gateway.enter()
            gateway.clock.advance(by: .seconds(60))
            #expect(try await gateway.get("/enter?token=\(late)").head.hasPrefix("HTTP/1.1 401 "))
            #expect(try await gateway.get(gateway.path(), cookie: cookie).head.hasPrefix("HTTP/1.1 503 "))
            gateway.clock.advance(by: .seconds(12 * 3600))
            #expect(try await gateway.get(gateway.path(), cookie: cookie).head.hasPrefix("HTTP/1.1 401 "))
        }
    }

    @Test("a logout ends cookies, tokens and open tunnels of that login, and of no other (hostile 11)")
    func logout() async throws {
        try await TestBackend.with { wire in
            _ = try await wire.receive(until: "\r\n\r\n")
            try await wire.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            _ = try? await wire.receiveAll()
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                gateway.setTool(port: backend)
                gateway.setTool("board", to: .down(LocalizedText("It starts.", zh: "正在启动。")))
                let other = LoginReference.session(RandomIdentifiers().next(Session.self, at: gateway.clock.now()))
                gateway.routes.begin(LiveLogin(reference: other, account: gateway.account, endsAt: nil))
                let cookie = try await gateway.enter("board")
                let tunnel = try await Wire.connect(to: gateway.port)
                try await tunnel.send(
                    "GET \(gateway.path()) HTTP/1.1\r\nHost: tools\r\nCookie: \(try await gateway.enter())\r\n"
                        + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
                #expect(try await tunnel.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 101 "))
                let token = try gateway.tokens.issue(to: gateway.account, as: gateway.login, for: gateway.workload, tool: "board")
                let kept = try gateway.tokens.issue(to: gateway.account, as: other, for: gateway.workload, tool: "board")
                #expect(try await gateway.get(gateway.path("board"), cookie: cookie).head.hasPrefix("HTTP/1.1 503 "))
                gateway.routes.end(gateway.login)
                #expect(try await gateway.get(gateway.path("board"), cookie: cookie).head.hasPrefix("HTTP/1.1 401 "))
                #expect(try await gateway.get("/enter?token=\(token)").head.hasPrefix("HTTP/1.1 401 "))
                _ = try await tunnel.receiveAll()
                #expect(try await gateway.get("/enter?token=\(kept)").head.hasPrefix("HTTP/1.1 303 "))
                gateway.routes.endSessions(of: gateway.account)
                #expect(!gateway.routes.isLive(other))
            }
        }
    }

    @Test("a page says why the program is not up, in the person's language, or as JSON (INF-10)")
    func downPage() async throws {
        try await GatewayUnderTest.with { gateway in
            gateway.setTool(to: .down(LocalizedText("The image is being pulled.", zh: "正在拉取镜像。")))
            let cookie = try await gateway.enter()
            let english = try await gateway.get(gateway.path(), cookie: cookie)
            #expect(english.body.contains("The image is being pulled."))
            #expect(english.head.contains("Content-Type: text/html"))
            let chinese = try await gateway.get(
                gateway.path(), cookie: cookie, fields: "Accept-Language: zh-CN,zh;q=0.9,en;q=0.8\r\n")
            #expect(chinese.body.contains("正在拉取镜像。"))
            let json = try await gateway.get(gateway.path(), cookie: cookie, fields: "Accept: application/json\r\n")
            #expect(json.body.contains(#""code":"backend_down""#))
            #expect(json.head.contains("Content-Type: application/json"))
        }
    }

    @Test("a backend that refuses connections gives a page that says so, and the client may go on")
    func unreachable() async throws {
        try await GatewayUnderTest.with { gateway in
            let dead = try await TestBackend.with { _ in
            } _: {
                $0
            }
            gateway.setTool(port: dead)
            let cookie = try await gateway.enter()
            let wire = try await Wire.connect(to: gateway.port)
            for _ in 1...2 {
                try await wire.send("GET \(gateway.path()) HTTP/1.1\r\nHost: tools\r\nCookie: \(cookie)\r\n\r\n")
                let (head, body) = try await wire.receiveMessage()
                #expect(head.hasPrefix("HTTP/1.1 502 "))
                #expect(body.contains("does not answer on its port"))
            }
        }
    }

    @Test("a tool's cookies and redirects stay inside its own path")
    func confinement() async throws {
        try await TestBackend.with { wire in
            let head = try await wire.receive(until: "\r\n\r\n")
            #expect(head.hasPrefix("GET /page HTTP/1.1\r\n"))
            try await wire.send(
                "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /login\r\nSet-Cookie: a=1; Path=/; Domain=example.org; HttpOnly\r\n"
                    + "Set-Cookie: weir_session=evil; Path=/\r\n\r\n")
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                gateway.setTool(port: backend, prefixKept: false)
                let cookie = try await gateway.enter()
                let (head, _) = try await gateway.get(gateway.path() + "page", cookie: cookie)
                #expect(head.contains("\r\nLocation: \(gateway.path())login\r\n"))
                #expect(head.contains("\r\nSet-Cookie: a=1; HttpOnly; Path=\(gateway.path())\r\n"))
                #expect(!head.contains("evil"))
            }
        }
    }

    @Test("a tool without its last slash is led to it")
    func slash() async throws {
        try await GatewayUnderTest.with { gateway in
            let (head, _) = try await gateway.get(String(gateway.path().dropLast()) + "?x=1")
            #expect(head.contains("\r\nLocation: \(gateway.path())?x=1\r\n"))
        }
    }
}
