import Foundation
import TestSupport
import Testing
import WeirModel
import WeirPlatform

@testable import WeirHTTP

@Suite("Drafts, names and exports over HTTP")
struct DraftRouteTests {
    private func asset(_ server: TestServer, _ ada: TestServer.User, kind: String = "dataset") async throws -> (
        workspace: String, project: String, id: String
    ) {
        let (workspace, project) = try await server.project(of: ada)
        let id = try await server.api(ada, "POST", "workspaces/\(workspace)/assets", ["kind": .text(kind), "name": "digits"])["id"].text
        return (workspace, project, id)
    }

    private func put(_ server: TestServer, _ ada: TestServer.User, _ files: [(String, String)], into asset: String) async throws {
        let (type, body) = FileRouteTests.form(files)
        let answer = try await server.client.send(
            "POST", "/api/v1/assets/\(asset)/draft/files", secret: ada.secret, headers: [("Content-Type", type)], body: body)
        #expect(answer.status == 200)
    }

    @Test("a draft lists the files that it begins with, and a version is made by deleting alone (ux 12, audit-a 3)")
    func deletingAlone() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, _, asset) = try await asset(server, ada)
            #expect(try await server.api(ada, "GET", "assets/\(asset)/draft")["items"].items.isEmpty)
            try await put(server, ada, [("a.csv", "1"), ("b.csv", "2")], into: asset)
            try await server.api(ada, "POST", "assets/\(asset)/versions")
            #expect(try await server.api(ada, "GET", "assets/\(asset)/draft")["items"].items.map { $0["name"].text } == ["a.csv", "b.csv"])
            try await server.api(ada, "POST", "assets/\(asset)/draft/delete", ["paths": ["a.csv"]])
            #expect(try await server.api(ada, "POST", "assets/\(asset)/versions")["number"].int == 2)
            #expect(
                try await server.api(ada, "GET", "assets/\(asset)/versions/2/files")["items"].items.map { $0["name"].text } == ["b.csv"])
            try await server.api(ada, "DELETE", "assets/\(asset)/versions/2")
            #expect(try await server.api(ada, "GET", "assets/\(asset)")["latest_version"].int == 1)
        }
    }

    @Test("a name of more than 64 characters is refused on every way of the web (DAT-02, MOD-02, X20)")
    func longNames() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project, asset) = try await asset(server, ada, kind: "model")
            let long = String(repeating: "n", count: 65)
            let code = "/api/v1/projects/\(project)/code"
            try await put(server, ada, [("a.csv", "1")], into: asset)
            _ = try await server.client.send("PUT", code + "/file?path=a.py", secret: ada.secret, body: [1])
            func refused(_ answer: TestClient.Answer) {
                #expect(answer.code == "bad_file_name" && answer.status == 400)
            }
            refused(try await server.client.send("PUT", code + "/file?path=\(long)", secret: ada.secret, body: [1]))
            refused(try await server.client.send("PUT", code + "/file?path=\(long)/a.py", secret: ada.secret, body: [1]))
            func json(_ method: String, _ path: String, _ body: String) async throws -> TestClient.Answer {
                try await server.client.send(
                    method, path, secret: ada.secret, headers: [("Content-Type", "application/json")], body: Array(body.utf8))
            }
            refused(try await json("PUT", code + "/text?path=\(long)", #"{"text": "x"}"#))
            refused(try await json("POST", code + "/folder", #"{"path": "\#(long)"}"#))
            refused(try await json("POST", code + "/rename", #"{"from": "a.py", "to": "\#(long)"}"#))
            refused(try await json("POST", "/api/v1/assets/\(asset)/draft/rename", #"{"from": "a.csv", "to": "d/\#(long)"}"#))
            for target in ["assets/\(asset)", "projects/\(project)"] {
                refused(
                    try await server.client.send(
                        "POST", "/api/v1/\(target)/uploads", secret: ada.secret,
                        headers: [
                            ("Tus-Resumable", "1.0.0"), ("Upload-Length", "3"),
                            ("Upload-Metadata", "filename " + Data(long.utf8).base64EncodedString()),
                        ]))
            }
        }
    }

    @Test("a name that is no text is listed, read, renamed and deleted by the text that the listing gives (hostile 9, bugs F5, F6)")
    func oddNames() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project, asset) = try await asset(server, ada)
            let base = "/api/v1/projects/\(project)/code"
            // By their bytes: GBK, and a line feed.
            for name in [#"\xCA\xFD.csv"#, #"new\x0Aline"#] {
                let path = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
                #expect(try await server.client.send("PUT", base + "/file?path=\(path)", secret: ada.secret, body: [7]).status == 200)
                let items = try await server.api(ada, "GET", "projects/\(project)/code")["items"].items
                #expect(items.map { $0["path"].text } == [name])
                #expect(try await server.client.send("GET", base + "/file?path=\(path)", secret: ada.secret).bytes == [7])
                let page = try await server.client.send("GET", "/projects/\(project)/code", secret: ada.secret)
                #expect(page.status != 500)
                try await server.api(ada, "POST", "projects/\(project)/code/rename", ["from": .text(name), "to": "good.csv"])
                try await server.api(ada, "DELETE", "projects/\(project)/code/file?path=good.csv")
            }
            #expect(try await server.api(ada, "GET", "assets/\(asset)/draft")["items"].items.isEmpty)
        }
    }

    @Test("what an environment wrote is exported to a dataset or a model, by project and path (PRJ-11)")
    func export() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let output = try await server.platform.files.make(
                .output(try #require(Identifier<Project>(project)), in: try #require(Identifier<Workspace>(workspace))))
            try FileManager.default.createDirectory(atPath: output + "/model", withIntermediateDirectories: true)
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: output + "/model/weights.bin"))
            let exported = try await server.api(
                ada, "POST", "projects/\(project)/output/export", ["kind": "model", "name": "net", "path": "model"])
            #expect(exported["version"]["number"].int == 1 && exported["version"]["files"].int == 1)
            #expect(exported["asset"]["latest_version"].int == 1)
            let asset = exported["asset"]["id"].text
            let again = try await server.api(
                ada, "POST", "projects/\(project)/output/export", ["kind": "model", "asset": .text(asset)])
            #expect(again["version"]["number"].int == 2 && again["asset"]["latest_version"].int == 2)
            #expect(try await server.api(ada, "GET", "assets/\(asset)/versions/1/files")["items"][0]["name"].text == "weights.bin")
            // Of a workload of any kind it is asked for in one way (review 21).
            let lab = try await server.api(
                ada, "POST", "projects/\(project)/environments", ["name": "lab", "image": "weir/notebook", "flavor": "cpu-small"]
            )["id"].text
            let own = try await server.api(
                ada, "POST", "workloads/\(lab)/export", ["kind": "model", "asset": .text(asset), "path": "model"])
            #expect(own["version"]["number"].int == 3)
            let nothing = try await server.client.send(
                "POST", "/api/v1/projects/\(project)/output/export", secret: ada.secret,
                headers: [("Content-Type", "application/json")], body: Array(#"{"kind": "dataset", "name": "x", "path": "jobs"}"#.utf8))
            #expect(nothing.code == "nothing_to_export" && nothing.status == 409)
        }
    }
}
