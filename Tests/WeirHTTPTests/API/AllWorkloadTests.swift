import TestSupport
import Testing
import WeirModel
import WeirPlatform
import WeirStore

@testable import WeirHTTP

/// The operator sees and stops everything, and enters nothing (ux 5).
@Suite("What runs in all workspaces") struct AllWorkloadTests {
    private static func job(_ user: TestServer.User, _ project: String, _ name: String, _ server: TestServer) async throws -> String {
        try await server.api(
            user, "POST", "projects/\(project)/jobs",
            ["name": .text(name), "image": "weir/notebook", "flavor": "cpu-small", "command": "sleep 60"])["id"].text
    }

    @Test("the operator lists what is live in all workspaces, by state, kind, workspace, person and name, page by page")
    func lists() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            let (visible, digits) = try await server.project(of: ada)
            let (_, letters) = try await server.project(of: bob)
            let first = try await Self.job(ada, digits, "train-net", server)
            let second = try await Self.job(bob, letters, "train-tree", server)
            try await server.api(ada, "POST", "workloads/\(first)/stop")
            try await server.platform.wait(for: #require(Identifier<Workload>(first))) { $0?.state == .stopped }
            let third = try await Self.job(ada, digits, "score", server)
            func names(_ query: String) async throws -> [String] {
                try await server.api(server.operatorAccount, "GET", "operator/workloads" + query)["items"].items.map { $0["id"].text }
            }
            #expect(try await names("") == [third, second])
            #expect(try await names("?sort=oldest") == [second, third])
            #expect(try await names("?state=stopped") == [first])
            #expect(try await names("?login=bob") == [second])
            #expect(try await names("?login=nobody") == [])
            #expect(try await names("?workspace=\(visible)") == [third])
            #expect(try await names("?name=TRAIN") == [second])
            #expect(try await names("?kind=environment") == [])
            let part = try await server.api(server.operatorAccount, "GET", "operator/workloads?limit=1&sort=name")
            #expect(part["items"][0]["id"].text == third && part["items"][0]["workspace"]["name"].text == "ada-digits")
            #expect(try await names("?limit=1&sort=name&after=" + part["next"].text.replacing("|", with: "%7C")) == [second])
            for (method, path) in [("GET", "operator/workloads"), ("GET", "operator/workloads/\(first)")] {
                #expect(try await server.client.send(method, "/api/v1/" + path, secret: ada.secret).code == "operator_only")
            }
        }
    }

    @Test("what the operator stops says so and why in its history and in a notice; nothing of it can be entered or read")
    func stops() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let root = server.operatorAccount
            let (workspace, project) = try await server.project(of: ada)
            let job = try await Self.job(ada, project, "train", server)
            try await server.platform.wait(for: #require(Identifier<Workload>(job))) { $0?.state == .running }
            let path = "/api/v1/operator/workloads/\(job)"
            #expect(
                try await server.client.send("POST", path + "/stop", json: ["reason": " "], secret: root.secret).code == "missing_field")
            let long = JSONText.text(String(repeating: "x", count: 501))
            #expect(try await server.client.send("POST", path + "/stop", json: ["reason": long], secret: root.secret).code == "too_long")
            #expect(
                try await server.client.send("POST", path + "/stop", json: ["reason": "x"], secret: ada.secret).code == "operator_only")
            let stopped = try await server.api(root, "POST", "operator/workloads/\(job)/stop", ["reason": "maintenance at\nnoon"])
            #expect(stopped["state"].text == "stopping" && stopped["may_stop"] == .bool(false))
            try await server.platform.wait(for: #require(Identifier<Workload>(job))) { $0?.state == .stopped }
            #expect(
                try await server.client.send("POST", path + "/stop", json: ["reason": "again"], secret: root.secret).code == "wrong_state")

            let history = try await server.api(ada, "GET", "workloads/\(job)/history")["items"].items
            let change = try #require(history.first { $0["cause"].text == "operator_stop" })
            #expect(change["reason"].text == "maintenance at noon" && change["actor"]["login"].text == "root")
            let notice = try await server.api(ada, "GET", "workspaces/\(workspace)/notices")["items"][0]
            #expect(notice["code"].text == "stopped_by_operator" && notice["text"].text.hasSuffix("maintenance at noon"))
            let record = try await server.api(root, "GET", "operator/records?kind=workload")["items"][0]
            #expect(record["action"].text == "operator_stop" && record["note"].text == "maintenance at noon")
            for way in ["logs", "processes", "history", "instances", "runs"] {
                #expect(try await server.client.send("GET", "/api/v1/workloads/\(job)/\(way)", secret: root.secret).status == 404, "\(way)")
            }
            for way in ["enter", "start", "stop"] {
                #expect(
                    try await server.client.send("POST", "/api/v1/workloads/\(job)/\(way)", secret: root.secret).status == 404, "\(way)")
            }
            // What its people deleted is still there for whoever follows a bill to it.
            try await server.api(ada, "DELETE", "workloads/\(job)")
            let gone = try await server.api(root, "GET", "operator/workloads/\(job)")
            #expect(gone["deleted"] == .bool(true) && gone["history"].items.count >= 3)
            #expect(!gone.body.contains("sleep 60") && !gone.body.contains("weir/notebook"))
        }
    }

    @Test("pages of the operator lead to pages that the operator can open")
    func pages() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let job = try await Self.job(ada, project, "train", server)
            let browser = Browser(server: server, user: server.operatorAccount)
            for page in ["operator/records", "operator/workloads", "operator/workspaces/\(workspace)", "operator/workloads/\(job)"] {
                let shown = try await browser.open("/" + page)
                #expect(shown.status == 200, "\(page)")
                for match in shown.body.matches(of: /href="(\/(?:workloads|projects|assets)\/[^"]*)"/) {
                    Issue.record("\(page) leads to \(match.output.1)")
                }
            }
            #expect(try await browser.open("/operator/workloads").body.contains("/operator/workloads/\(job)"))
        }
    }
}
