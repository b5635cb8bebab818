import Testing
import WeirModel

@testable import WeirHTTP

@Suite struct ReadinessTests {
    @Test(
        "what is less than it should be is told while requests are served: by /readyz, and to the operator by the API and the page of checks"
    )
    func degraded() async throws {
        let warning = LocalizedText("Root in a container is root of this host.", zh: "容器内的 root 就是本机的 root。")
        try await TestServer.with(warnings: [warning]) { server in
            let answer = try await server.client.send("GET", "/readyz")
            #expect(answer.status == 200)
            #expect(answer["ready"] == .bool(true) && answer["degraded"] == .bool(true))
            #expect(answer["warnings"].items.map(\.text) == [warning.en])
            let checks = try await server.client.send(
                "GET", "/api/v1/operator/checks", secret: server.operatorAccount.secret, headers: [("Accept-Language", "zh-CN")])
            #expect(checks["degraded"] == .bool(true))
            #expect(checks["warnings"].items.map(\.text) == [warning.zh])
            let page = try await Browser(server: server, user: server.operatorAccount).open("/operator/checks")
            #expect(page.body.contains(warning.en))
        }
        try await TestServer.with { server in
            let answer = try await server.client.send("GET", "/readyz")
            #expect(answer["degraded"] == .bool(false) && answer["warnings"].items.isEmpty)
        }
    }
}
