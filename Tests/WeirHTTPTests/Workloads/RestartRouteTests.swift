import TestSupport
import Testing
import WeirModel
import WeirStore

@testable import WeirHTTP

@Suite struct RestartRouteTests {
    @Test("a restart is one request of the API, a question of the console, and tells that it starts again (bugs R13)")
    func restart() async throws {
        try await TestServer.with(probe: SettableHealth()) { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            let made = try await server.api(
                ada, "POST", "projects/\(project)/environments", ["name": "lab", "image": "weir/notebook", "flavor": "cpu-small"])
            let id = made["id"].text
            let workload = try #require(Identifier<Workload>(id))
            try await server.platform.wait(for: workload) { $0?.state == .running }
            let browser = Browser(server: server, user: ada)
            let page = try await browser.open("/workloads/\(id)?ask=restart-\(id)")
            #expect(page.body.contains(#"action="/form/workloads/\#(id)/restart""#))
            #expect(page.body.contains(#"value="restart-\#(id)""#))
            #expect(page.body.contains("/gemini/output"))

            let asked = try await server.api(ada, "POST", "workloads/\(id)/restart")
            #expect(asked["state"].text == "stopping" && asked["starts_again"] == .bool(true))
            try await server.platform.wait(for: workload) { $0?.run == 2 && $0?.state == .running }
            let again = try await server.api(ada, "GET", "workloads/\(id)")
            #expect(again["starts_again"] == .bool(false) && again["stop_cause"] == .null)

            let fields = [("_from", "/workloads/\(id)"), ("_done", "done_restarted")]
            let sent = try await browser.submit("/form/workloads/\(id)/restart", fields)
            #expect(sent.status == 303)
            try await server.platform.wait(for: workload) { $0?.run == 3 && $0?.state == .running }
        }
    }
}
