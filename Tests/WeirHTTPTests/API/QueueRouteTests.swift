import Foundation
import TestSupport
import Testing
import WeirEngine
import WeirModel
import WeirStore

@testable import WeirHTTP

@Suite struct QueueRouteTests {
    @Test("the history of a month is what a simulation reads: what was wanted, by whom, for how long, and the weights (QUO-08)")
    func history() async throws {
        try await TestServer.with { server in
            let (ada, root) = (try await server.user("ada"), server.operatorAccount)
            let (workspace, project) = try await server.project(of: ada)
            try await server.api(root, "PUT", "workspaces/\(workspace)/quotas/workspace", ["quota": [:], "weight": 300])
            var ids: [String] = []
            for number in 1...3 {
                ids.append(
                    try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job("job-\(number)"))["id"].text)
            }
            for id in ids { try await server.wait(for: id, "running", ada) }
            for id in ids.prefix(2) {
                server.engine.endInstances(of: try #require(.init(id)), .succeeded)
                try await server.wait(for: id, "completed", ada)
            }
            let answer = try await server.api(root, "GET", "operator/scheduling/history")
            let history = try JSONDecoder().decode(SimulationHistory.self, from: Data(answer.body.utf8))
            #expect(history.runs.map(\.name) == ["job-1", "job-2", "job-3"])
            #expect(history.runs.map { $0.seconds == nil } == [false, false, true])
            #expect(Set(history.runs.map(\.account)) == ["ada"])
            #expect(history.runs.allSatisfy { $0.demand.cpu == 1000 && $0.flavor == "cpu-small" })
            #expect(history.weights?.values.map { $0 } == [300])
            let result = Simulation(
                nodes: try #require(history.nodes), runs: history.simulatedRuns, weights: history.weights ?? [:]
            ).result()
            #expect(result.waits.longest == 0)

            let empty = try await server.api(root, "GET", "operator/scheduling/history?month=2001-02")
            #expect(try JSONDecoder().decode(SimulationHistory.self, from: Data(empty.body.utf8)).runs.isEmpty)
            let refused = try await server.client.send("GET", "/api/v1/operator/scheduling/history", json: nil, secret: ada.secret)
            #expect(refused.status == 403)
            #expect(refused.code == "operator_only")
        }
    }

    @Test("the priority of what waits is changed by its owner; of what runs it is not (QUO-07)")
    func priority() async throws {
        try await TestServer.with { server in
            let (ada, root) = (try await server.user("ada"), server.operatorAccount)
            let (workspace, project) = try await server.project(of: ada)
            try await server.api(root, "PUT", "workspaces/\(workspace)/quotas/workspace", ["quota": ["instances": 1]])
            let first = try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job("first"))["id"].text
            try await server.wait(for: first, "running", ada)
            let waits = try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job("waits"))["id"].text
            #expect(try await server.api(ada, "PUT", "workloads/\(waits)/priority", ["priority": "high"])["priority"].text == "high")
            let history = try await server.api(ada, "GET", "workloads/\(waits)/history")["items"].items
            #expect(history.map { $0["state"].text } == ["queued", "queued"])
            let refused = try await server.client.send(
                "PUT", "/api/v1/workloads/\(first)/priority", json: ["priority": "low"], secret: ada.secret)
            #expect(refused.status == 409)
            #expect(refused.code == "wrong_state")
        }
    }

    @Test("the page of what waits says each thing once: what is short, its place, when, who holds it and what helps (ux 19)")
    func once() async throws {
        try await TestServer.with { server in
            let scene = try await waiting(on: server)
            let (ada, waits) = (scene.ada, scene.waits)
            let why = try await server.api(ada, "GET", "workloads/\(waits)/why")
            #expect(why["causes"].items.count == 1 && why["causes"].items.first == why["sentences"].items.first)
            #expect(why["sentences"].items.count > 3)
            let page = try await Browser(server: server, user: ada).open("/workloads/\(waits)").body
            #expect(page.contains("of instances is full") && page.contains(">first</a>"))
            for said in ["It is number", "Held by: first", "If you stop first", "If the operator raises"] {
                #expect(!page.contains(said), "\(said)")
            }
        }
    }

    @Test("what waits for a budget stands in the queue of API and console without a place, and says why (BIL-18, N3)")
    func withoutPlace() async throws {
        try await TestServer.with { server in
            let scene = try await waiting(on: server)
            let (ada, workspace, waits) = (scene.ada, scene.workspace, scene.waits)
            let placed = try await server.api(ada, "GET", "workspaces/\(workspace)/queue")["items"].items
            #expect(placed.map { $0["place"] } == [1])

            try await server.api(ada, "PUT", "workspaces/\(workspace)/budgets/\(scene.project)", ["limit": "0"])
            try await server.platform.wait(for: try #require(.init(waits))) { $0?.queueReason == .budget }
            let queue = try await server.api(ada, "GET", "workspaces/\(workspace)/queue")
            let line = try #require(queue["items"].items.first)
            #expect(line["workload"].text == waits && line["place"] == .null && line["reason"].text == "budget")
            #expect(queue["waiting"].int == 1)
            let page = try await Browser(server: server, user: ada).open("/queue").body
            #expect(page.contains("<td class=\"number\">–</td><td><a href=\"/workloads/\(waits)\">"))
            #expect(page.contains("Waits for a budget"))
        }
    }

    /// A job runs, and a second one waits for the quota of the workspace.
    private func waiting(
        on server: TestServer
    ) async throws -> (ada: TestServer.User, workspace: String, project: String, waits: String) {
        let (ada, root) = (try await server.user("ada"), server.operatorAccount)
        let (workspace, project) = try await server.project(of: ada)
        try await server.api(root, "PUT", "workspaces/\(workspace)/quotas/workspace", ["quota": ["instances": 1]])
        let first = try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job("first"))["id"].text
        try await server.wait(for: first, "running", ada)
        let waits = try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job("waits"))["id"].text
        try await server.platform.wait(for: try #require(.init(waits))) { $0?.queueReason == .quota }
        return (ada, workspace, project, waits)
    }
}
