import Foundation
import Testing

@testable import WeirHTTP

@Suite struct CodeEditingTests {
    @Test("of two who save the same text the second is told, and may then overwrite it (PRJ-08)")
    func conflict() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            let path = "projects/\(project)/code/text?path=src/train.py"
            func put(_ text: String, _ tag: JSONText) async throws -> TestClient.Answer {
                try await server.client.send("PUT", "/api/v1/" + path, json: ["text": .text(text), "tag": tag], secret: ada.secret)
            }
            #expect(try await put("one\n", .null).status == 200)
            #expect(try await put("another\n", .null).code == "changed_meanwhile")
            let first = try await server.api(ada, "GET", path)
            #expect(first["text"].text == "one\n")
            #expect(first["line_end"].text == "lf")

            #expect(try await put("two\n", first["tag"]).status == 200)
            let refused = try await put("mine\n", first["tag"])
            #expect(refused.status == 412)
            #expect(refused.code == "changed_meanwhile")
            let now = try await server.api(ada, "GET", path)
            #expect(now["text"].text == "two\n")
            #expect(try await put("mine\n", now["tag"]).status == 200)
            #expect(try await server.api(ada, "GET", path)["text"].text == "mine\n")
        }
    }

    @Test("of many who save at once with what they all had read, exactly one succeeds (PRJ-08)")
    func race() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            let path = "projects/\(project)/code/text?path=a.py"
            try await server.api(ada, "PUT", path, ["text": "begin"])
            let tag = try await server.api(ada, "GET", path)["tag"]
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<12 {
                    group.addTask {
                        try await server.client.send(
                            "PUT", "/api/v1/" + path, json: ["text": .text("\(number)"), "tag": tag], secret: ada.secret
                        ).status
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 200 }.count == 1)
            #expect(statuses.filter { $0 == 412 }.count == 11)
        }
    }

    @Test("a file with CR LF keeps it, what is no text or too large is refused by its own code (PRJ-08)")
    func texts() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            let base = "/api/v1/projects/\(project)/code"
            func upload(_ name: String, _ bytes: [UInt8]) async throws {
                #expect(try await server.client.send("PUT", base + "/file?path=\(name)", secret: ada.secret, body: bytes).status == 200)
            }
            try await upload("dos.bat", Array("a\r\nb\r\n".utf8))
            let text = try await server.api(ada, "GET", "projects/\(project)/code/text?path=dos.bat")
            #expect(text["text"].text == "a\nb\n")
            #expect(text["line_end"].text == "crlf")
            try await server.api(
                ada, "PUT", "projects/\(project)/code/text?path=dos.bat",
                ["text": "a\nb\nc\n", "tag": text["tag"], "line_end": text["line_end"]])
            #expect(
                try await server.client.send("GET", base + "/file?path=dos.bat", secret: ada.secret).body == "a\r\nb\r\nc\r\n")

            func code(_ name: String) async throws -> String {
                try await server.client.send("GET", base + "/text?path=\(name)", secret: ada.secret).code
            }
            try await upload("image.png", [0x89, 0x50, 0xFF, 0x00])
            #expect(try await code("image.png") == "not_text")
            try await upload("zeros.txt", [0x61, 0x00])
            #expect(try await code("zeros.txt") == "not_text")
            try await upload("large.txt", [UInt8](repeating: 0x61, count: CodeTextRoutes.limit + 1))
            #expect(try await code("large.txt") == "text_too_large")
            #expect(try await code("nothing.txt") == "not_found")
        }
    }

    @Test("If-Match and If-None-Match guard a file that is put whole (PRJ-08)")
    func conditions() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            let file = "/api/v1/projects/\(project)/code/file?path=run.sh"
            func put(_ text: String, _ condition: (String, String)) async throws -> TestClient.Answer {
                try await server.client.send("PUT", file, secret: ada.secret, headers: [condition], body: Array(text.utf8))
            }
            let made = try await put("1", ("If-None-Match", "*"))
            #expect(made.status == 200)
            let tag = try #require(made.header("ETag"))
            #expect(try await put("2", ("If-None-Match", "*")).code == "changed_meanwhile")
            #expect(try await put("2", ("If-Match", tag)).status == 200)
            #expect(try await put("3", ("If-Match", tag)).status == 412)
            #expect(try await server.client.send("GET", file, secret: ada.secret).body == "2")
        }
    }

    @Test("a large file comes into the code by tus in parts, and nobody else sees the upload (PRJ-08)")
    func tus() async throws {
        try await TestServer.with { server in
            let (ada, bob) = (try await server.user("ada"), try await server.user("bob"))
            let (_, project) = try await server.project(of: ada)
            let content = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 17) }
            let tus = ("Tus-Resumable", "1.0.0")
            let created = try await server.client.send(
                "POST", "/api/v1/projects/\(project)/uploads", secret: ada.secret,
                headers: [
                    tus, ("Upload-Length", "\(content.count)"),
                    ("Upload-Metadata", "filename " + Data("data/weights.bin".utf8).base64EncodedString()),
                ])
            #expect(created.status == 201)
            let place = try #require(created.header("Location"))
            #expect(try await server.client.send("HEAD", place, secret: bob.secret, headers: [tus]).status == 404)
            let list = "projects/\(project)/uploads"
            for part in [0..<120_000, 120_000..<200_000] {
                let waiting = try await server.api(ada, "GET", list)["items"].items
                #expect(waiting.map { $0["path"].text } == ["data/weights.bin"])
                #expect(waiting.first?["offset"] == .number(Double(part.lowerBound)) && waiting.first?["length"] == .number(200_000))
                let answer = try await server.client.send(
                    "PATCH", place, secret: ada.secret,
                    headers: [tus, ("Upload-Offset", "\(part.lowerBound)"), ("Content-Type", "application/offset+octet-stream")],
                    body: Array(content[part]))
                #expect(answer.header("Upload-Offset") == "\(part.upperBound)")
            }
            let file = try await server.client.send(
                "GET", "/api/v1/projects/\(project)/code/file?path=data/weights.bin", secret: ada.secret)
            #expect(file.bytes == content)
            #expect(try await server.api(ada, "GET", list)["items"].items.isEmpty)
            #expect(try await server.client.send("GET", "/api/v1/" + list, secret: bob.secret).status == 404)
        }
    }

    @Test("files come into the code by a form, each under its own name in the folder that is open (PRJ-08)")
    func form() async throws {
        try await TestServer.with { server in
            let (ada, bob) = (try await server.user("ada"), try await server.user("bob"))
            let (_, project) = try await server.project(of: ada)
            let (type, body) = FileRouteTests.form([("a.py", "1"), ("b.py", "2")])
            let path = "/api/v1/projects/\(project)/code/files?path=src"
            let answer = try await server.client.send("POST", path, secret: ada.secret, headers: [("Content-Type", type)], body: body)
            #expect(answer.json["items"].items.map { $0["path"].text } == ["src/a.py", "src/b.py"])
            #expect(try await server.api(ada, "GET", "projects/\(project)/code/text?path=src/b.py")["text"].text == "2")
            let other = try await server.client.send("POST", path, secret: bob.secret, headers: [("Content-Type", type)], body: body)
            #expect(other.status == 404)
        }
    }
}
