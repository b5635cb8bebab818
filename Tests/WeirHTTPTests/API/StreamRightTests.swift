import Testing

@Suite("A stream goes on for as long as the right to it")
struct StreamRightTests {
    /// What takes the right to a log away from somebody who is reading it.
    enum Ending: String, CaseIterable {
        case removal, logout, disabling, revocation, closedLog
    }

    @Test(
        "an open log, and the events of a workspace, end when the right to them does (G1-1)", .timeLimit(.minutes(3)),
        arguments: Ending.allCases)
    func ends(_ ending: Ending) async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            let (workspace, project) = try await server.project(of: ada)
            try await server.api(ada, "PUT", "workspaces/\(workspace)/members/bob", ["role": "member"])
            let lab = try await server.api(
                ada, "POST", "projects/\(project)/environments",
                ["name": "lab", "image": "weir/notebook", "flavor": "cpu-small", "open_log": true])["id"].text
            let token = try await server.api(bob, "POST", "tokens", ["name": "laptop"])
            let secret = ending == .revocation ? token["secret"].text : bob.secret

            let log = try await server.client.open("/api/v1/workloads/\(lab)/logs/stream", secret: secret)
            let events = try await server.client.open("/api/v1/workspaces/\(workspace)/events", secret: secret)
            let own = try await server.client.open("/api/v1/workloads/\(lab)/logs/stream", secret: ada.secret)
            let begin = ContinuousClock.now
            switch ending {
            case .removal: try await server.api(ada, "DELETE", "workspaces/\(workspace)/members/bob")
            case .logout: try await server.api(bob, "DELETE", "sessions")
            case .disabling: try await server.api(server.operatorAccount, "POST", "accounts/\(bob.id)/disable")
            case .revocation: try await server.api(bob, "DELETE", "tokens/\(token["token"]["id"].text)")
            case .closedLog:
                let changed = try await server.api(ada, "PATCH", "workloads/\(lab)", ["open_log": false])
                #expect(changed["environment"]["open_log"] == .bool(false))
            }
            let last = try #require(try await log().last)
            #expect(last.name == "error")
            if ending != .closedLog { #expect(try await events().last?.name == "error") }
            // Well before the moment at which a login is looked at anyway, for time ends it too.
            #expect(ContinuousClock.now - begin < .seconds(12))

            // Others read on, until there is no more.
            try await server.api(ada, "POST", "workloads/\(lab)/stop")
            #expect(try await own().last?.name == "end")
        }
    }

    @Test("who may not enter an environment does not open its log (G1-5)")
    func notTheirs() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            let (workspace, project) = try await server.project(of: ada)
            try await server.api(ada, "PUT", "workspaces/\(workspace)/members/bob", ["role": "administrator"])
            let lab = try await server.api(
                ada, "POST", "projects/\(project)/environments",
                ["name": "lab", "image": "weir/notebook", "flavor": "cpu-small"])["id"].text
            let refused = try await server.client.send(
                "PATCH", "/api/v1/workloads/\(lab)", json: ["open_log": true], secret: bob.secret)
            #expect(refused.status == 403)
            let opened = try await server.api(ada, "PATCH", "workloads/\(lab)", ["open_log": true])
            #expect(opened["environment"]["open_log"] == .bool(true))
            let job = try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job())["id"].text
            let wrong = try await server.client.send("PATCH", "/api/v1/workloads/\(job)", json: ["open_log": true], secret: ada.secret)
            #expect(wrong.status == 404)
        }
    }
}
