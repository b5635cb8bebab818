import Foundation
import TestSupport
import Testing
import WeirModel
import WeirPlatform
import WeirStore

@testable import WeirHTTP

/// What a second member of the workspace gets to see of what somebody keeps to themselves (DAT-14, audit-a 4).
@Suite("Only me is only me") struct OnlyMeTests {
    private static let name = "unpublished-grades"
    /// What a workspace keeps in sum is everybody's to see, for everybody shares its quota and its money.
    private static let sums: Set = ["getStorage", "getQuotas", "getQuota"]

    @Test("no answer to a colleague has the name or the id of a private dataset, and each is the same as before there was one (DAT-14)")
    func everyAnswer() async throws {
        let document = try OpenAPIDocument()
        // Costs and seconds that run on would differ by themselves.
        try await TestServer.with(clock: ManualClock()) { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            var objects = try await TenantTests.objects(of: ada, in: server)
            let workspace = try #require(objects["workspace"])
            let project = try #require(objects["project"])
            try await server.api(ada, "PUT", "workspaces/\(workspace)/members/bob", ["role": "member"])
            let job = try #require(objects["job"])
            try await server.platform.wait(for: #require(Identifier<Workload>(job))) { $0?.state == .running }
            let known = try await Self.answers(to: bob, about: objects, of: document, server)
            let again = try await Self.answers(to: bob, about: objects, of: document, server)
            let steady = known.filter { again[$0.key] == $0.value }
            #expect(steady.count > 30, "\(Set(known.keys).subtracting(steady.keys).sorted())")

            let hidden = try await Self.makeHidden(by: ada, in: workspace, server)
            let after = try await Self.answers(to: bob, about: objects, of: document, server)
            for (operation, answer) in steady where !Self.sums.contains(operation) { #expect(after[operation] == answer, "\(operation)") }

            objects["asset"] = hidden
            try await server.api(
                ada, "POST", "projects/\(project)/jobs",
                [
                    "name": "mounts-it", "image": "weir/notebook", "flavor": "cpu-small", "command": "true",
                    "datasets": [["asset": .text(hidden)]],
                ])
            let last = try await Self.answers(to: bob, about: objects, of: document, server)
            for (operation, answer) in last {
                #expect(!answer.body.contains(Self.name) && !answer.body.contains(hidden), "\(operation)")
            }
            let listed = try await server.api(bob, "GET", "workspaces/\(workspace)/workloads?name=mounts-it")["items"][0]
            #expect(listed["datasets"].items == [["asset": nil, "version": nil, "path": "/gemini/data-1"]])
            let own = try await server.api(ada, "GET", "workspaces/\(workspace)/workloads?name=mounts-it")["items"][0]
            #expect(own["datasets"][0]["asset"].text == hidden)
            #expect(try await server.api(bob, "GET", "projects/\(project)/data")["items"].items.isEmpty)
            #expect(try await server.api(ada, "GET", "projects/\(project)/data")["items"].items.count == 1)
            let records = try await server.api(server.operatorAccount, "GET", "operator/records?kind=data")
            #expect(!records.body.contains(Self.name), "the operator's records")
        }
    }

    @Test("a private name is taken for its keeper alone; a colleague makes, renames and exports to the same name (X17)")
    func names() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            let (workspace, _) = try await server.project(of: ada)
            try await server.api(ada, "PUT", "workspaces/\(workspace)/members/bob", ["role": "administrator"])
            let path = "workspaces/\(workspace)/assets"
            func make(_ user: TestServer.User, _ name: String, _ visibility: String) async throws -> TestClient.Answer {
                try await server.client.send(
                    "POST", "/api/v1/" + path, json: ["kind": "dataset", "name": .text(name), "visibility": .text(visibility)],
                    secret: user.secret)
            }
            let hidden = try await make(ada, "grades", "owner")["id"].text
            #expect(try await make(ada, "Grades", "owner").code == "name_taken")
            #expect(try await make(ada, "grades", "workspace").code == "name_taken")
            #expect(try await make(bob, "GRADES", "owner").status == 201)
            let other = try await make(bob, "other", "workspace")["id"].text
            let shared = try await server.client.send(
                "PATCH", "/api/v1/assets/\(other)", json: ["name": "grades"], secret: bob.secret)
            #expect(shared.code == "name_taken", "bob has a private one of that name himself")
            let own = try await server.api(bob, "GET", path + "?kind=dataset&name=grades")["items"][0]["id"].text
            try await server.api(bob, "DELETE", "assets/\(own)")
            try await server.api(bob, "PATCH", "assets/\(other)", ["name": "grades"])

            // Ada sees both; hers becomes everybody's only under another name.
            #expect(try await server.api(ada, "GET", path + "?kind=dataset&name=grades")["items"].items.count == 2)
            let open = try await server.client.send(
                "PATCH", "/api/v1/assets/\(hidden)", json: ["visibility": "workspace"], secret: ada.secret)
            #expect(open.code == "name_taken")
            try await server.api(ada, "PATCH", "assets/\(hidden)", ["visibility": "workspace", "name": "grades-2026"])
            #expect(try await make(bob, "grades-2026", "owner").code == "name_taken")
        }
    }

    @Test("who pays sees how much each person keeps to themselves, and not what; a member sees neither (STO-10)")
    func whoPays() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            let carol = try await server.user("carol")
            let (workspace, _) = try await server.project(of: ada)
            for (login, role) in [("bob", "member"), ("carol", "administrator")] {
                try await server.api(ada, "PUT", "workspaces/\(workspace)/members/\(login)", ["role": .text(role)])
            }
            let hidden = try await Self.makeHidden(by: bob, in: workspace, server)
            let id = try #require(Identifier<Workspace>(workspace))
            let person = try #require(Identifier<Account>(bob.id))
            let asset = try #require(Identifier<Asset>(hidden))
            let now = server.clock.now()
            try await server.platform.store.write { db in
                try db.setMeasured(.asset(asset), bytes: 4711, files: 1, changes: nil, at: now)
                try db.openPersonalStorage(of: person, in: id)
                try db.setMeasured(.home(person), bytes: 815, files: 1, changes: nil, at: now)
            }
            func look(_ user: TestServer.User) async throws -> TestClient.Answer {
                try await server.api(user, "GET", "workspaces/\(workspace)/storage")
            }
            for payer in [ada, carol, server.operatorAccount] {
                let answer = try await look(payer)
                #expect(answer["own_only"].items.map { $0["account"]["login"].text } == ["bob"], "\(payer.login)")
                #expect(answer["own_only"][0]["held"].int == 4711 && answer["people"][0]["held"].int == 815)
                #expect(!answer.body.contains(Self.name) && !answer.body.contains(hidden) && answer["largest"].items.isEmpty)
            }
            let own = try await look(bob)
            #expect(own["largest"].items.map { $0["unit"].text } == ["asset", "home"])
            #expect(own["own_only"].items.isEmpty && own["people"].items.count == 1)
            try await server.api(ada, "PUT", "workspaces/\(workspace)/members/carol", ["role": "member"])
            let member = try await look(carol)
            #expect(member["own_only"].items.isEmpty && member["people"].items.isEmpty && member["largest"].items.isEmpty)
            let quotas = try await server.api(carol, "GET", "workspaces/\(workspace)/quotas")["items"].items
            #expect(quotas.map { $0["held"]["storage"] == .null } == [true, true, false], "ada, bob, carol")
        }
    }

    @Test("what mounts somebody's own data is run again and started by nobody else (DAT-14)")
    func startedByNobodyElse() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            let (workspace, project) = try await server.project(of: ada)
            try await server.api(ada, "PUT", "workspaces/\(workspace)/members/bob", ["role": "owner"])
            let hidden = try await Self.makeHidden(by: ada, in: workspace, server)
            let job = try await server.api(
                ada, "POST", "projects/\(project)/jobs",
                [
                    "name": "train", "image": "weir/notebook", "flavor": "cpu-small", "command": "true",
                    "datasets": [["asset": .text(hidden)]],
                ])["id"].text
            try await server.api(ada, "POST", "workloads/\(job)/stop")
            try await server.platform.wait(for: #require(Identifier<Workload>(job))) { $0?.state.isFinal == true }
            let again = try await server.client.send("POST", "/api/v1/workloads/\(job)/rerun", secret: bob.secret)
            #expect(again.status == 403 && again.code == "own_data_mounted" && !again.body.contains(hidden))
            try await server.api(ada, "POST", "workloads/\(job)/rerun")
        }
    }

    @Test("the variables of a personal workload are its maker's alone, and no run of another gets them (IDW-07)", arguments: [false, true])
    func variables(isShared: Bool) async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let bob = try await server.user("bob")
            let (workspace, project) = try await server.project(of: ada)
            try await server.api(ada, "PUT", "workspaces/\(workspace)/members/bob", ["role": "owner"])
            let job = try await server.api(
                ada, "POST", "projects/\(project)/jobs",
                [
                    "name": "train", "image": "weir/notebook", "flavor": "cpu-small", "command": "true",
                    "variables": ["HUB_TOKEN": "sesame"], "access": isShared ? "shared" : "personal",
                ])["id"].text
            try await server.api(ada, "POST", "workloads/\(job)/stop")
            try await server.platform.wait(for: #require(Identifier<Workload>(job))) { $0?.state.isFinal == true }
            #expect(try await server.api(ada, "GET", "workloads/\(job)")["variables"]["HUB_TOKEN"].text == "sesame")
            for path in ["workloads/\(job)", "workspaces/\(workspace)/workloads?kind=job"] {
                let seen = try await server.client.send("GET", "/api/v1/" + path, secret: bob.secret)
                #expect(seen.status == 200 && seen.body.contains("sesame") == isShared)
            }
            let again = try await server.client.send("POST", "/api/v1/workloads/\(job)/rerun", secret: bob.secret)
            #expect(isShared ? again.status == 201 : again.status == 403 && again.code == "own_variables")
            try await server.api(ada, "POST", "workloads/\(job)/rerun")
        }
    }

    /// A private dataset with a version, a draft and an upload.
    private static func makeHidden(by user: TestServer.User, in workspace: String, _ server: TestServer) async throws -> String {
        let asset = try await server.api(
            user, "POST", "workspaces/\(workspace)/assets", ["kind": "dataset", "name": .text(name), "visibility": "owner"])["id"].text
        let parts = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n1,2\r\n--x--\r\n"
        func upload() async throws {
            let answer = try await server.client.send(
                "POST", "/api/v1/assets/\(asset)/draft/files", secret: user.secret,
                headers: [("Content-Type", "multipart/form-data; boundary=x")], body: Array(parts.utf8))
            #expect(answer.status < 300, "\(answer.body)")
        }
        try await upload()
        try await server.api(user, "POST", "assets/\(asset)/versions", ["note": "first"])
        try await upload()
        let begun = try await server.client.send(
            "POST", "/api/v1/assets/\(asset)/uploads", secret: user.secret,
            headers: [
                ("Tus-Resumable", "1.0.0"), ("Upload-Length", "10"),
                ("Upload-Metadata", "filename " + Data("b.csv".utf8).base64EncodedString()),
            ])
        #expect(begun.status == 201)
        return asset
    }

    private struct Seen: Equatable {
        let status: Int
        let body: String
    }

    /// Everything that can be asked for, as far as it ends.
    private static func answers(
        to user: TestServer.User, about objects: [String: String], of document: OpenAPIDocument, _ server: TestServer
    ) async throws -> [String: Seen] {
        var answers: [String: Seen] = [:]
        for operation in document.operations
        where operation.method == "GET" && !["streamEvents", "streamLogs"].contains(operation.id) && operation.who != "anyone" {
            let path = try #require(TenantTests.path(operation, objects), "no object for \(operation.path)")
            for query in operation.id == "listAssets" ? ["?kind=dataset", "?kind=dataset&name=grades&sort=changed&limit=1"] : [""] {
                let answer = try await server.client.send("GET", path + query, secret: user.secret)
                answers[operation.id + query] = Seen(status: answer.status, body: answer.body)
            }
        }
        return answers
    }
}
