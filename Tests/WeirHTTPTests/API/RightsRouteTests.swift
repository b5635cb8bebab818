import TestSupport
import Testing
import WeirModel

@testable import WeirHTTP

@Suite("What others may do, as the API and the console say it")
struct RightsRouteTests {
    private struct Scene {
        let server: TestServer
        let ada: TestServer.User
        let bob: TestServer.User
        let project: String
        let personal: String
        let shared: String
    }

    private func scene(_ body: @escaping @Sendable (Scene) async throws -> Void) async throws {
        // What the engine pretends to run answers.
        try await TestServer.with(probe: SettableHealth()) { server in
            let (ada, bob) = (try await server.user("ada"), try await server.user("bob"))
            let (workspace, project) = try await server.project(of: ada)
            try await server.api(ada, "PUT", "workspaces/\(workspace)/members/bob", ["role": "member"])
            func environment(_ name: String, _ access: String) async throws -> String {
                let made = try await server.api(
                    ada, "POST", "projects/\(project)/environments",
                    ["name": .text(name), "image": "weir/notebook", "flavor": "cpu-small", "access": .text(access), "on_idle": "make save"])
                #expect(made["access"].text == access)
                try await server.wait(for: made["id"].text, "running", ada)
                return made["id"].text
            }
            try await body(
                Scene(
                    server: server, ada: ada, bob: bob, project: project, personal: try await environment("alone", "personal"),
                    shared: try await environment("together", "shared")))
        }
    }

    @Test("each person is shown what they can do, and whose home it has (IDW-07, X02)")
    func operations() async throws {
        try await scene { scene in
            func seen(_ user: TestServer.User, _ id: String) async throws -> JSONText {
                let answer = try await scene.server.api(user, "GET", "workloads/\(id)")
                return ["operations": answer["operations"], "rights": answer["rights"], "hook": answer["environment"]["on_idle"]]
            }
            let everything: JSONText = ["enter", "start", "stop", "prioritize", "change", "delete", "read_log"]
            let own = try await seen(scene.ada, scene.personal)
            #expect(own["operations"] == ["enter", "stop", "delete"] && own["rights"] == everything && own["hook"] == "make save")
            let others = try await seen(scene.bob, scene.personal)
            #expect(others["operations"] == [] && others["rights"] == [] && others["hook"] == .null)
            let shared = try await seen(scene.bob, scene.shared)
            #expect(shared["operations"] == ["enter", "stop"] && shared["hook"] == "make save")
            #expect(shared["rights"] == ["enter", "start", "stop", "prioritize", "read_log"])
            let listed = try await scene.server.api(scene.bob, "GET", "workloads/\(scene.shared)")
            #expect(listed["keeps"]["whose"].text.contains("the workspace's"))
            let project = try await scene.server.api(scene.bob, "GET", "projects/\(scene.project)")
            #expect(project["rights"] == [])
            #expect(try await scene.server.api(scene.ada, "GET", "projects/\(scene.project)")["rights"] == ["change", "delete"])
        }
    }

    @Test("a refusal names whose it is, in both languages, and is no 404: the environment is in the list")
    func words() async throws {
        try await scene { scene in
            for (language, word) in [("en", "personal"), ("zh-CN", "个人")] {
                let answer = try await scene.server.client.send(
                    "POST", "/api/v1/workloads/\(scene.personal)/enter", json: [:], secret: scene.bob.secret,
                    headers: [("Accept-Language", language)])
                #expect(answer.status == 403 && answer.code == "forbidden")
                #expect(answer.body.contains("ada") && answer.body.contains(word), "\(answer.body)")
            }
        }
    }

    @Test("pages offer no more than their reader may do, and say who enters")
    func pages() async throws {
        try await scene { scene in
            let (owner, other) = (Browser(server: scene.server, user: scene.ada), Browser(server: scene.server, user: scene.bob))
            let way = "/form/workloads/\(scene.personal)/enter"
            #expect(try await owner.open("/workloads/\(scene.personal)").body.contains(way))
            let page = try await other.open("/workloads/\(scene.personal)")
            #expect(page.status == 200 && !page.body.contains(way) && !page.body.contains("/workloads/\(scene.personal)/edit"))
            let shared = try await other.open("/workloads/\(scene.shared)")
            #expect(shared.body.contains("/form/workloads/\(scene.shared)/enter") && shared.body.contains("Shared with the workspace"))
            let form = try await other.open("/projects/\(scene.project)/environments/new").body
            #expect(form.contains(#"name="access" value="personal" checked"#) && form.contains(#"name="access" value="shared""#))
            let entered = try await other.submit(way, [("tool", "terminal"), ("_from", "/workloads/\(scene.personal)")])
            #expect(entered.status == 403)
        }
    }
}
