import Foundation
import TestSupport
import Testing

@testable import WeirHTTP

@Suite struct ErrorTests {
    @Test("an error has code, message, subject, rule, remedy and the request's id, in the language that is asked for")
    func shape() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let path = "/api/v1/workspaces/\(workspace)/projects"
            let english = try await server.client.send("POST", path, json: ["name": "Digits"], secret: ada.secret)
            #expect(english.status == 409)
            #expect(english["error"].keys == ["code", "message", "subject", "rule", "remedy", "request_id"])
            #expect(english.code == "name_taken")
            #expect(english["error"]["rule"].text == "X17")
            #expect(english["error"]["request_id"].text == english.header("X-Request-Id"))

            let chinese = try await server.client.send(
                "POST", path, json: ["name": "digits"], secret: ada.secret,
                headers: [("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8")])
            #expect(chinese["error"]["message"].text.contains("空间内已有同名"))
        }
    }

    @Test(
        "what is no request, or has too large a head, gets an error with its code, also after another request on the same connection",
        arguments: [
            ("GET /api/v1/\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\nHost: localhost\r\n\r\n", "431"),
            ("GET / HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "a", count: 100_000))\r\n\r\n", "431"),
            ("no request\r\n\r\n", "400"), ("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", "400"),
        ])
    func unreadable(_ request: String, _ status: String) async throws {
        try await TestServer.with { server in
            let port = try #require(Int(server.client.base.split(separator: ":").last ?? ""))
            let wire = try await Wire.connect(to: port)
            try await wire.send("GET /api/v1/system HTTP/1.1\r\nHost: localhost\r\n\r\n" + request)
            let answers = String(decoding: try await wire.receiveAll().utf8, as: UTF8.self).components(separatedBy: "HTTP/1.1 ").dropFirst()
            #expect(answers.first?.hasPrefix("200") == true)
            let last = try #require(answers.last)
            #expect(answers.count == 2 && last.hasPrefix(status) && last.contains(#""code":"bad_request""#))
            #expect(last.lowercased().contains("content-type: application/json"))
        }
    }

    @Test(
        "a body that is not JSON, has a wrong or unknown field or another type is refused with the field's name",
        arguments: [
            (#"{"name": "x""#, "application/json", 400, "malformed_json", "body"),
            (#"[1]"#, "application/json", 400, "malformed", "body"),
            (#"{"description": "x"}"#, "application/json", 400, "missing_field", "name"),
            (#"{"name": 7}"#, "application/json", 400, "malformed", "name"),
            (#"{"name": "x", "tags": ["a", 2]}"#, "application/json", 400, "malformed", "tags.1"),
            (#"{"name": "x", "colour": "red"}"#, "application/json", 400, "unknown_field", "colour"),
            (#"name=x"#, "application/x-www-form-urlencoded", 415, "unsupported_media_type", "Content-Type"),
        ])
    func fields(_ body: String, _ type: String, _ status: Int, _ code: String, _ subject: String) async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let answer = try await server.client.send(
                "POST", "/api/v1/workspaces/\(workspace)/projects", secret: ada.secret,
                headers: [("Content-Type", type)], body: Array(body.utf8))
            #expect(answer.status == status)
            #expect(answer.code == code)
            #expect(answer["error"]["subject"].text == subject)
        }
    }

    @Test("an unknown path is 404, a known path with another method 405 with what it allows, a large body 413")
    func framing() async throws {
        try await TestServer.with { server in
            let nowhere = try await server.client.send("GET", "/api/v1/nowhere")
            #expect(nowhere.status == 404)
            #expect(nowhere.code == "no_route")

            let wrong = try await server.client.send("DELETE", "/api/v1/workspaces")
            #expect(wrong.status == 405)
            #expect(wrong.header("Allow") == "GET, POST")

            let large = try await server.client.send(
                "POST", "/api/v1/sessions", headers: [("Content-Type", "application/json")],
                body: [UInt8](repeating: 32, count: 2 << 20))
            #expect(large.status == 413)
            #expect(large.code == "body_too_large")
        }
    }

    @Test("every answer forbids foreign scripts, sniffing and framing")
    func headers() async throws {
        try await TestServer.with { server in
            for path in ["/", "/api/v1/system", "/api/v1/nowhere"] {
                let answer = try await server.client.send("GET", path)
                let policy = answer.header("Content-Security-Policy") ?? ""
                #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
                #expect(!policy.contains("unsafe"))
                #expect(answer.header("X-Content-Type-Options") == "nosniff")
            }
        }
    }
}
