import Foundation
import TestSupport
import Testing
import WeirModel
import WeirPlatform

@testable import WeirHTTP

@Suite("Pages of datasets and models, and of what mounts them")
struct AssetPageTests {
    /// A dataset with two versions.
    private func dataset(_ server: TestServer, _ ada: TestServer.User, in workspace: String) async throws -> String {
        let id = try await server.api(ada, "POST", "workspaces/\(workspace)/assets", ["kind": "dataset", "name": "digits"])["id"].text
        for content in ["1", "2"] {
            let (type, body) = FileRouteTests.form([("a.csv", content)])
            let answer = try await server.client.send(
                "POST", "/api/v1/assets/\(id)/draft/files", secret: ada.secret, headers: [("Content-Type", type)], body: body)
            #expect(answer.status == 200)
            try await server.api(ada, "POST", "assets/\(id)/versions")
        }
        return id
    }

    @Test("deleting a dataset or a version asks first and says what is lost and what is kept; without an answer all stays (DAT-26, X21)")
    func deletionAsks() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let asset = try await dataset(server, ada, in: workspace)
            for (language, words) in [("en", ["Lost", "Kept"]), ("zh-Hans", ["丢失", "保留"])] {
                let browser = Browser(server: server, user: ada, language: language)
                let pages = [
                    ("/datasets", asset, "/form/assets/\(asset)"), ("/assets/\(asset)", "1", "/form/assets/\(asset)/versions/1"),
                ]
                for (page, thing, action) in pages {
                    // The button of the row leads to the question; the page itself has no form that deletes.
                    let plain = try await browser.open(page)
                    #expect(plain.body.contains(#"name="ask" value="delete-\#(thing)""#), "\(page)")
                    #expect(!plain.body.contains(#"action="\#(action)""#) && !plain.body.contains(#"id="question""#), "\(page)")
                    let asked = try await browser.open("\(page)?ask=delete-\(thing)")
                    #expect(asked.body.contains(#"id="question""#) && asked.body.contains(#"action="\#(action)""#), "\(page)")
                    let question = asked.body.split(separator: #"id="question""#).last ?? ""
                    for word in words { #expect(question.contains("<dt>\(word)</dt>"), "\(page) \(word)") }
                }
            }
            #expect(try await server.api(ada, "GET", "assets/\(asset)/versions")["items"].items.count == 2)

            let browser = Browser(server: server, user: ada)
            let one = try await browser.submit("/form/assets/\(asset)/versions/1", [("_method", "delete"), ("_next", "/assets/\(asset)")])
            #expect(one.status == 303)
            #expect(try await server.api(ada, "GET", "assets/\(asset)/versions")["items"].items.map { $0["number"].int } == [2])
            let whole = try await browser.submit("/form/assets/\(asset)", [("_method", "delete"), ("_next", "/datasets")])
            #expect(whole.status == 303)
            #expect(try await server.client.send("GET", "/api/v1/assets/\(asset)", secret: ada.secret).status == 404)
        }
    }

    @Test("what a stopped environment mounts is chosen on a page that begins with what it mounts now (DAT-12, MOD-07)")
    func mounts() async throws {
        try await TestServer.with(probe: SettableHealth()) { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let asset = try await dataset(server, ada, in: workspace)
            let lab = try await server.api(
                ada, "POST", "projects/\(project)/environments",
                [
                    "name": "lab", "image": "weir/notebook", "flavor": "cpu-small",
                    "datasets": [["asset": .text(asset), "version": 1]],
                ])["id"].text
            try await server.wait(for: lab, "running", ada)
            let early = try await server.client.send("PUT", "/api/v1/workloads/\(lab)/mounts", json: ["datasets": []], secret: ada.secret)
            #expect(early.status == 409 && early.code == "wrong_state")
            let browser = Browser(server: server, user: ada)
            #expect(try await !browser.open("/workloads/\(lab)").body.contains("/workloads/\(lab)/mounts"))
            try await server.api(ada, "POST", "workloads/\(lab)/stop")
            try await server.wait(for: lab, "stopped", ada)

            #expect(try await browser.open("/workloads/\(lab)").body.contains(#"href="/workloads/\#(lab)/mounts""#))
            let page = try await browser.open("/workloads/\(lab)/mounts")
            #expect(page.status == 200 && page.body.contains(#"<option value="\#(asset)" selected>"#))
            #expect(page.body.contains(#"name="datasets[1].version:number" type="number" min="1" value="1""#))
            let fields = [("_method", "put"), ("_next", "/workloads/\(lab)"), ("datasets[2].asset", asset)]
            let done = try await browser.submit("/form/workloads/\(lab)/mounts", fields)
            #expect(done.status == 303 && done.header("Location") == "/workloads/\(lab)")
            let mounted = try await server.api(ada, "GET", "workloads/\(lab)")["datasets"].items
            #expect(mounted.map { $0["version"].int } == [2] && mounted.map { $0["path"].text } == ["/gemini/data-1"])
            // What is left out is mounted no more.
            let none = try await server.api(ada, "PUT", "workloads/\(lab)/mounts", [:])
            #expect(none["datasets"].items.isEmpty)
            let four = JSONText.list(Array(repeating: ["asset": .text(asset)], count: 4))
            let refused = try await server.client.send(
                "PUT", "/api/v1/workloads/\(lab)/mounts", json: ["datasets": four], secret: ada.secret)
            #expect(refused.status == 400 && refused.code == "too_many_mounts")
        }
    }

    @Test("what an environment, a job or a service wrote is exported on its page, to a dataset as to a model (PRJ-11)")
    func export() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let place = try #require(Identifier<Project>(project))
            let owner = try #require(Identifier<Workspace>(workspace))
            let lab = try await server.api(
                ada, "POST", "projects/\(project)/environments", ["name": "lab", "image": "weir/notebook", "flavor": "cpu-small"]
            )["id"].text
            let job = try await server.api(ada, "POST", "projects/\(project)/jobs", WorkloadRouteTests.job())["id"].text
            let browser = Browser(server: server, user: ada)
            for (workload, kind) in [(lab, "dataset"), (job, "model")] {
                let id = try #require(Identifier<Workload>(workload))
                let output = workload == lab ? StoredFolder.output(place, in: owner) : .workloadOutput(id, of: place, in: owner)
                let folder = try await server.platform.files.make(output)
                try FileManager.default.createDirectory(atPath: folder + "/best", withIntermediateDirectories: true)
                try Data([1, 2, 3]).write(to: URL(fileURLWithPath: folder + "/best/weights.bin"))
                let page = try await browser.open("/workloads/\(workload)/export")
                #expect(page.status == 200 && page.body.contains(#"action="/form/workloads/\#(workload)/export""#))
                let fields = [("kind", kind), ("name", "from \(kind)"), ("path", "best"), ("_next", "/assets/{asset.id}")]
                let done = try await browser.submit("/form/workloads/\(workload)/export", fields)
                let asset = try #require(done.header("Location")?.split(separator: "/").last.map(String.init))
                #expect(done.status == 303)
                let made = try await server.api(ada, "GET", "assets/\(asset)")
                #expect(made["kind"].text == kind && made["name"].text == "from \(kind)" && made["latest_version"].int == 1)
                let files = try await server.api(ada, "GET", "assets/\(asset)/versions/1/files")["items"].items
                #expect(files.map { $0["name"].text } == ["weights.bin"])
            }
        }
    }
}
