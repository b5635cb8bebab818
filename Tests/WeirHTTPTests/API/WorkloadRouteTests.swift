import TestSupport
import Testing
import WeirEngine
import WeirModel

@testable import WeirHTTP

@Suite struct WorkloadRouteTests {
    static func job(_ name: String = "train") -> JSONText {
        ["name": .text(name), "image": "weir/notebook", "flavor": "cpu-small", "command": "python train.py"]
    }

    @Test("a job is submitted, runs, is seen with its operations, history and runs, and completes (TRN-01, TRN-10)")
    func job() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let made = try await server.api(ada, "POST", "projects/\(project)/jobs", Self.job())
            #expect(made.status == 201)
            let id = made["id"].text
            #expect(made["job"]["command"].text == "python train.py")
            #expect(made["created_by"]["login"].text == "ada")
            #expect(made["keeps"]["kept"].items.contains("/gemini/output"))

            try await server.wait(for: id, "running", ada)
            let running = try await server.api(ada, "GET", "workloads/\(id)")
            #expect(running["operations"].items == ["stop", "delete"])
            server.engine.endInstances(of: try #require(.init(id)), .succeeded)
            try await server.wait(for: id, "completed", ada)

            let history = try await server.api(ada, "GET", "workloads/\(id)/history")["items"].items
            #expect(history.map { $0["state"].text } == ["completed", "running", "deploying", "queued"])
            #expect(history[3]["actor"]["login"].text == "ada")
            #expect(history[2]["actor"] == .null)
            let newest = try await server.api(ada, "GET", "workloads/\(id)/history?limit=3")
            #expect(newest["items"].items == Array(history.prefix(3)))
            let rest = try await server.api(ada, "GET", "workloads/\(id)/history?limit=3&after=\(newest["next"].text)")
            #expect(rest["items"].items == [history[3]])
            #expect(rest["next"] == .null)
            let runs = try await server.api(ada, "GET", "workloads/\(id)/runs")["items"].items
            #expect(runs.map { $0["outcome"].text } == ["completed"])

            let list = try await server.api(ada, "GET", "workspaces/\(workspace)/workloads?kind=job&state=completed")
            #expect(list["items"].items.map { $0["id"].text } == [id])
            let other = try await server.api(ada, "GET", "workspaces/\(workspace)/workloads?kind=service")
            #expect(other["items"].items.isEmpty)

            let again = try await server.api(ada, "POST", "workloads/\(id)/rerun")
            #expect(again["job"]["rerun_of"].text == id)
            #expect(again["job"]["code"] == made["job"]["code"])
        }
    }

    @Test("the same creation under the same key makes one job; another request under it is refused")
    func idempotency() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let path = "projects/\(project)/jobs"
            let key = [("Idempotency-Key", "k-1")]
            let first = try await server.api(ada, "POST", path, Self.job(), headers: key)
            let second = try await server.api(ada, "POST", path, Self.job(), headers: key)
            #expect(first["id"] == second["id"])
            let other = try await server.client.send(
                "POST", "/api/v1/" + path, json: Self.job("other"), secret: ada.secret, headers: key)
            #expect(other.status == 409)
            #expect(other.code == "idempotency_key_reused")
            let list = try await server.api(ada, "GET", "workspaces/\(workspace)/workloads")
            #expect(list["items"].items.count == 1)
        }
    }

    @Test("a project made twice under one key is one project")
    func idempotentProject() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let path = "workspaces/\(workspace)/projects"
            let key = [("Idempotency-Key", "p-1")]
            let first = try await server.api(ada, "POST", path, ["name": "twice"], headers: key)
            let second = try await server.api(ada, "POST", path, ["name": "twice"], headers: key)
            #expect(first["id"] == second["id"])
        }
    }

    @Test("pages follow each other without gap or double, and a limit out of range is refused")
    func pages() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada, "p-0")
            for number in 1..<7 {
                try await server.api(ada, "POST", "workspaces/\(workspace)/projects", ["name": .text("p-\(number)")])
            }
            var names: [String] = []
            var after = ""
            repeat {
                let part = try await server.api(
                    ada, "GET", "workspaces/\(workspace)/projects?limit=3" + (after.isEmpty ? "" : "&after=\(after)"))
                #expect(part["items"].items.count <= 3)
                names += part["items"].items.map { $0["name"].text }
                after = part["next"].text
            } while !after.isEmpty
            #expect(names == (0..<7).reversed().map { "p-\($0)" })
            for limit in ["0", "201", "x"] {
                let path = "/api/v1/workspaces/\(workspace)/projects?limit=\(limit)"
                #expect(try await server.client.send("GET", path, secret: ada.secret).status == 400)
            }
        }
    }

    @Test("an operation that does not fit the state is refused by DEV-27")
    func wrongState() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            let id = try await server.api(ada, "POST", "projects/\(project)/jobs", Self.job())["id"].text
            try await server.wait(for: id, "running", ada)
            let answer = try await server.client.send("POST", "/api/v1/workloads/\(id)/start", secret: ada.secret)
            #expect(answer.status == 409)
            #expect(answer.code == "wrong_state")
            #expect(answer["error"]["rule"].text == "DEV-27")
        }
    }

    @Test("a service needs the signed commitment, and then has an address and counts (INF-04..06)")
    func service() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let body: JSONText = [
                "name": "api", "image": "weir/notebook", "flavor": "cpu-small", "command": "serve", "port": 8000,
            ]
            let refused = try await server.client.send(
                "POST", "/api/v1/projects/\(project)/services", json: body, secret: ada.secret)
            #expect(refused.code == "commitment_required")
            let commitment = try await server.api(ada, "GET", "workspaces/\(workspace)/commitments/port")
            #expect(commitment["signed_at"] == .null)
            let signed = try await server.api(
                ada, "POST", "workspaces/\(workspace)/commitments/port",
                ["text_version": .number(Double(commitment["text_version"].int ?? 0))])
            #expect(signed["signed_at"] != .null)

            let made = try await server.api(ada, "POST", "projects/\(project)/services", body)
            let port = made["port"]["number"].int ?? 0
            #expect(made["port"]["address"].text == "gateway.test:\(port)")
            #expect(try await server.api(ada, "GET", "workloads/\(made["id"].text)/port")["number"].int == port)
        }
    }
}

extension TestServer {
    /// Follows the events of the workload's workspace until it is in the state.
    func wait(for id: String, _ state: String, _ user: User) async throws {
        let workload = try await api(user, "GET", "workloads/\(id)")
        var after = "0"
        while true {
            let events = try await client.events(
                "/api/v1/workspaces/\(workload["workspace"].text)/events?after=\(after)", secret: user.secret, count: 1)
            guard let event = events.first else { return }
            if event.data["workload"].text == id, event.data["state"].text == state { return }
            after = event.id
        }
    }
}
