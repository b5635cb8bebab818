import TestSupport
import Testing
import WeirModel

@testable import WeirHTTP

@Suite struct QuotaRouteTests {
    @Test("quotas are set by whom they are for, shown with what is held, and refuse what is above them (QUO-03, QUO-06)")
    func quotas() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let path = "workspaces/\(workspace)/quotas"
            let plain = try await server.api(ada, "GET", path)
            #expect(plain["workspace"]["quota"]["cpu"] == .null)
            #expect(plain["workspace"]["weight"] == 100)
            #expect(plain["everyone"] == .null)
            #expect(plain["items"].items.map { $0["account"]["login"].text } == ["ada"])

            let own = try await server.client.send(
                "PUT", "/api/v1/\(path)/workspace", json: ["quota": ["cpu": 500]], secret: ada.secret)
            #expect(own.status == 403)
            #expect(own.code == "operator_only")
            let set = try await server.api(
                server.operatorAccount, "PUT", "\(path)/workspace", ["quota": ["cpu": 500, "storage": 1_000_000_000], "weight": 200])
            #expect(set["quota"]["cpu"] == 500)
            #expect(set["quota"]["gpu"] == .null)
            #expect(set["changed_by"]["login"].text == "root")

            let refused = try await server.client.send(
                "POST", "/api/v1/projects/\(project)/jobs", json: WorkloadRouteTests.job(), secret: ada.secret)
            #expect(refused.status == 409)
            #expect(refused.code == "above_quota")
            #expect(refused["error"]["rule"].text == "QUO-03")

            try await server.api(ada, "PUT", "\(path)/everyone", ["quota": ["instances": 3], "highest_priority": "low"])
            let seen = try await server.api(ada, "GET", path)
            #expect(seen["everyone"]["highest_priority"].text == "low")
            #expect(seen["items"].items.first?["quota"]["instances"] == 3)
            #expect(seen["items"].items.first?["is_own"] == false)

            let all = try await server.api(server.operatorAccount, "GET", "quotas")
            #expect(all["items"].items.map { $0["weight"] } == [200])
            let changes = try await server.api(ada, "GET", "workspaces/\(workspace)/quota-changes")["items"].items
            #expect(changes.map { $0["subject"].text } == ["everyone", "workspace"])
            _ = try await server.api(server.operatorAccount, "DELETE", "\(path)/workspace")
            let made = try await server.client.send(
                "POST", "/api/v1/projects/\(project)/jobs",
                json: ["name": "a", "image": "weir/notebook", "flavor": "cpu-small", "command": "x", "priority": "normal"],
                secret: ada.secret)
            #expect(made.code == "priority_not_allowed")
            try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job())
        }
    }

    @Test("the operator makes, changes, retires and orders flavors, and people choose by kind (QUO-01, QUO-02)")
    func flavors() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let root = server.operatorAccount
            let forbidden = try await server.client.send(
                "POST", "/api/v1/flavors", json: ["name": "x", "cpu": 1000, "memory": 1_073_741_824, "scratch": 0], secret: ada.secret)
            #expect(forbidden.status == 403)
            let made = try await server.api(
                root, "POST", "flavors",
                [
                    "name": "gpu-half", "cpu": 1000, "memory": 1_073_741_824, "scratch": 0, "price_per_hour": "5",
                    "gpu": ["class": "P1", "compute": 500, "memory": 42_949_672_960],
                ])
            #expect(made.status == 201)
            #expect(made["price_per_hour"].text == "5.000000")
            #expect(made["gpu"]["kind"].text == "nvidia.com/gpu")
            #expect(made["unpriced"].items.isEmpty)
            let wrong = try await server.client.send(
                "POST", "/api/v1/flavors",
                json: ["name": "x", "cpu": 1000, "memory": 1_073_741_824, "scratch": 0, "gpu": ["compute": 1500, "memory": 0]],
                secret: root.secret)
            #expect(wrong.status == 400)
            #expect(wrong["error"]["subject"].text == "gpu.compute")

            let filtered = try await server.api(ada, "GET", "flavors?class=P1")
            #expect(filtered["items"].items.map { $0["name"].text } == ["gpu-half"])
            let kinds = try await server.api(ada, "GET", "accelerators")["items"].items
            #expect(kinds.map { $0["class"].text } == ["", "P1"])
            #expect(kinds.last?["devices"] == 0)

            let changed = try await server.api(
                root, "PUT", "flavors/gpu-half", ["cpu": 2000, "memory": 1_073_741_824, "scratch": 0, "longest_run": 3600])
            #expect(changed["gpu"] == .null)
            #expect(changed["price_per_hour"].text == "5.000000")
            try await server.api(root, "POST", "flavors/cpu-small/retire")
            try await server.api(root, "PUT", "flavor-order", ["names": ["gpu-half"]])
            let list = try await server.api(ada, "GET", "flavors")["items"].items
            #expect(list.map { $0["name"].text } == ["gpu-half", "cpu-large"])
            let retired = try await server.api(ada, "GET", "flavors?retired=true")["items"].items
            #expect(retired.last?["name"].text == "cpu-small")
            let changes = try await server.api(ada, "GET", "flavors/gpu-half/changes")["items"].items
            #expect(changes.map { $0["by"]["login"].text } == ["root", "root"])
            try await server.api(root, "POST", "flavors/cpu-small/restore")
        }
    }

    @Test("sizing advice comes with its arithmetic, in the reader's language (QUO-14)")
    func sizing() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let advice = try await server.api(ada, "GET", "sizing?purpose=development")
            #expect(advice["flavors"].items.map { $0["flavor"]["name"].text } == ["cpu-small", "cpu-large"])
            let large = try await server.api(
                ada, "GET", "sizing?purpose=inference&parameters=7000000000&concurrency=16",
                headers: [("Accept-Language", "zh")])
            #expect(large["arithmetic"].text.contains("32 层"))
            #expect(large["flavors"].items.isEmpty)
            let missing = try await server.client.send("GET", "/api/v1/sizing?purpose=training", secret: ada.secret)
            #expect(missing.status == 400)
            #expect(missing.code == "missing_field")
        }
    }
}
