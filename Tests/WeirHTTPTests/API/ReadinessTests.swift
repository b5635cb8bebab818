import Testing
import WeirModel

@testable import WeirHTTP

@Suite struct ReadinessTests {
    @Test(
        "what is less than it should be is told while requests are served: to everybody by /readyz as a code and a number, and in words to the operator by the API and the page of checks"
    )
    func degraded() async throws {
        let warning = LocalizedText("Root in a container is root of this host.", zh: "容器内的 root 就是本机的 root。")
        let volumes = (1...2).map { Complaint("volume_damaged", LocalizedText("run e2fsck on /srv/\($0).img", zh: "/srv/\($0).img")) }
        try await TestServer.with(warnings: [Complaint("user_namespaces_missing", warning)] + volumes) { server in
            let answer = try await server.client.send("GET", "/readyz")
            #expect(answer.status == 200)
            #expect(answer["ready"] == .bool(true) && answer["degraded"] == .bool(true))
            #expect(answer["warnings"].items.map { $0["code"].text } == ["user_namespaces_missing", "volume_damaged"])
            #expect(answer["warnings"].items.map { $0["count"] } == [.number(1), .number(2)])
            #expect(!answer.body.contains("/srv"))
            let checks = try await server.client.send(
                "GET", "/api/v1/operator/checks", secret: server.operatorAccount.secret, headers: [("Accept-Language", "zh-CN")])
            #expect(checks["degraded"] == .bool(true))
            #expect(checks["warnings"].items.map(\.text) == [warning.zh] + volumes.map(\.text.zh))
            let page = try await Browser(server: server, user: server.operatorAccount).open("/operator/checks")
            #expect(page.body.contains(warning.en))
        }
        try await TestServer.with { server in
            let answer = try await server.client.send("GET", "/readyz")
            #expect(answer["degraded"] == .bool(false) && answer["warnings"].items.isEmpty)
        }
    }
}
