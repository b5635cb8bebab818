import Crypto
import Foundation
import Testing

@testable import WeirHTTP

@Suite struct FileRouteTests {
    @Test("code is uploaded, listed, renamed, read in parts and deleted (PRJ-08)")
    func code() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            let base = "/api/v1/projects/\(project)/code"
            let content = Array("print('hello')\n".utf8)
            let put = try await server.client.send(
                "PUT", base + "/file?path=src/train.py", secret: ada.secret, body: content)
            #expect(put.status == 200)
            #expect(put["path"].text == "src/train.py")
            #expect(try await server.api(ada, "GET", "projects/\(project)/code")["items"][0]["kind"].text == "folder")
            try await server.api(
                ada, "POST", "projects/\(project)/code/rename", ["from": "src/train.py", "to": "train.py"])

            let part = try await server.client.send(
                "GET", base + "/file?path=train.py", secret: ada.secret, headers: [("Range", "bytes=7-11")])
            #expect(part.status == 206)
            #expect(part.body == "hello")
            #expect(part.header("Content-Range") == "bytes 7-11/15")
            let whole = try await server.client.send("GET", base + "/file?path=train.py", secret: ada.secret)
            #expect(whole.bytes == content)
            let past = try await server.client.send(
                "GET", base + "/file?path=train.py", secret: ada.secret, headers: [("Range", "bytes=99-")])
            #expect(past.status == 416)
            let archive = try await server.client.send("GET", base + "/archive", secret: ada.secret)
            #expect(archive.header("Content-Type") == "application/x-tar")
            #expect(archive.bytes.count % 512 == 0 && archive.body.contains("train.py"))

            try await server.api(ada, "DELETE", "projects/\(project)/code/file?path=train.py")
            #expect(try await server.client.send("GET", base + "/file?path=train.py", secret: ada.secret).status == 404)
        }
    }

    @Test(
        "a path that leaves the folder is refused wherever a path is taken (DAT-02)",
        arguments: ["../x", "a/../../x", "/etc/passwd", "a//b", "."])
    func paths(_ path: String) async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (_, project) = try await server.project(of: ada)
            let answer = try await server.client.send(
                "PUT", "/api/v1/projects/\(project)/code/file?path=\(path)", secret: ada.secret, body: [1])
            #expect(answer.status == 400)
        }
    }

    static func form(_ files: [(String, String)], boundary: String = "----weir7f3a") -> (String, [UInt8]) {
        var body = ""
        for (name, content) in files {
            body += "--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n"
            body += "Content-Type: text/csv\r\n\r\n\(content)\r\n"
        }
        return ("multipart/form-data; boundary=\(boundary)", Array((body + "--\(boundary)--\r\n").utf8))
    }

    @Test("a web upload puts its files into the draft, and the draft is confirmed to a version (DAT-04..06)")
    func webUpload() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let asset = try await server.api(
                ada, "POST", "workspaces/\(workspace)/assets", ["kind": "dataset", "name": "digits"])["id"].text
            // What looks like the beginning of a boundary is content.
            let tricky = "1,2\r\n--\r\n----weir7f3\r\n\r\n"
            let (type, body) = Self.form([("a.csv", tricky), ("b \"2\".csv".replacing("\"", with: "\\\""), "")])
            let answer = try await server.client.send(
                "POST", "/api/v1/assets/\(asset)/draft/files", secret: ada.secret,
                headers: [("Content-Type", type)], body: body)
            #expect(answer.status == 200)
            #expect(answer["items"].items.map { $0["name"].text } == ["a.csv", "b \"2\".csv"])

            let version = try await server.api(ada, "POST", "assets/\(asset)/versions", ["note": "first"])
            #expect(version["number"].int == 1)
            #expect(version["files"].int == 2)
            let file = try await server.client.send(
                "GET", "/api/v1/assets/\(asset)/versions/1/file?path=a.csv", secret: ada.secret)
            #expect(file.body == tricky)
            #expect(try await server.api(ada, "GET", "assets/\(asset)")["latest_version"].int == 1)
        }
    }

    @Test("more than 50 files, a bad name, a form cut short: each refused by its own code (DAT-02, DAT-04, DAT-35)")
    func webUploadLimits() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let asset = try await server.api(
                ada, "POST", "workspaces/\(workspace)/assets", ["kind": "model", "name": "m"])["id"].text
            func code(_ type: String, _ body: [UInt8]) async throws -> String {
                try await server.client.send(
                    "POST", "/api/v1/assets/\(asset)/draft/files", secret: ada.secret,
                    headers: [("Content-Type", type)], body: body
                ).code
            }
            let many = Self.form((0..<51).map { ("f\($0)", "x") })
            #expect(try await code(many.0, many.1) == "too_many_files")
            let slash = Self.form([("../up", "x")])
            #expect(try await code(slash.0, slash.1) == "bad_file_name")
            let long = Self.form([(String(repeating: "n", count: 65), "x")])
            #expect(try await code(long.0, long.1) == "bad_file_name")
            let cut = Self.form([("a", "some content")])
            #expect(try await code(cut.0, cut.1.dropLast(20)) == "bad_form")
            #expect(try await code("text/plain", [1]) == "unsupported_media_type")
        }
    }

    @Test("a file comes in by tus in parts; a broken part is thrown away, a wrong offset refused (DAT-07)")
    func tus() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let asset = try await server.api(
                ada, "POST", "workspaces/\(workspace)/assets", ["kind": "dataset", "name": "big"])["id"].text
            let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let tus = ("Tus-Resumable", "1.0.0")
            let options = try await server.client.send("OPTIONS", "/api/v1/assets/\(asset)/uploads")
            #expect(options.status == 204)
            #expect(options.header("Tus-Extension")?.contains("checksum") == true)

            let old = try await server.client.send("POST", "/api/v1/assets/\(asset)/uploads", secret: ada.secret)
            #expect(old.status == 412)

            let created = try await server.client.send(
                "POST", "/api/v1/assets/\(asset)/uploads", secret: ada.secret,
                headers: [
                    tus, ("Upload-Length", "\(content.count)"),
                    ("Upload-Metadata", "filename " + Data("raw/digits.bin".utf8).base64EncodedString()),
                ])
            #expect(created.status == 201)
            let place = try #require(created.header("Location"))
            func send(_ offset: Int, _ part: ArraySlice<UInt8>, digest: [UInt8]? = nil) async throws -> TestClient.Answer {
                let checksum = Data(digest ?? Array(SHA256.hash(data: part))).base64EncodedString()
                return try await server.client.send(
                    "PATCH", place, secret: ada.secret,
                    headers: [
                        tus, ("Upload-Offset", "\(offset)"), ("Upload-Checksum", "sha256 \(checksum)"),
                        ("Content-Type", "application/offset+octet-stream"),
                    ], body: Array(part))
            }
            #expect(try await send(0, content[..<100_000]).header("Upload-Offset") == "100000")
            #expect(try await send(50, content[50...]).status == 409)
            #expect(try await send(100_000, content[100_000...], digest: [UInt8](repeating: 0, count: 32)).status == 460)
            let head = try await server.client.send("HEAD", place, secret: ada.secret, headers: [tus])
            #expect(head.status == 200)
            #expect(head.header("Upload-Offset") == "100000")
            #expect(head.header("Upload-Length") == "300000")
            #expect(try await send(100_000, content[100_000...]).status == 204)

            // A client that did not hear the last answer asks again, and begins nothing anew (bugs R5).
            let whole = try await server.client.send("HEAD", place, secret: ada.secret, headers: [tus])
            #expect(whole.status == 200 && whole.header("Upload-Offset") == "300000")
            #expect(try await send(100_000, content[100_000...]).status == 409)
            let bob = try await server.user("bob")
            #expect(try await server.client.send("HEAD", place, secret: bob.secret, headers: [tus]).status == 404)
            let version = try await server.api(ada, "POST", "assets/\(asset)/versions")
            #expect(version["size"].int == content.count)
            let file = try await server.client.send(
                "GET", "/api/v1/assets/\(asset)/versions/1/file?path=raw/digits.bin", secret: ada.secret)
            #expect(file.bytes == content)
        }
    }

    @Test("an upload that is given up leaves nothing (tus termination)")
    func termination() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let asset = try await server.api(
                ada, "POST", "workspaces/\(workspace)/assets", ["kind": "dataset", "name": "big"])["id"].text
            let tus = ("Tus-Resumable", "1.0.0")
            let created = try await server.client.send(
                "POST", "/api/v1/assets/\(asset)/uploads", secret: ada.secret,
                headers: [tus, ("Upload-Length", "5"), ("Upload-Metadata", "filename YQ==")])
            let place = try #require(created.header("Location"))
            #expect(try await server.client.send("DELETE", place, secret: ada.secret, headers: [tus]).status == 204)
            #expect(try await server.client.send("HEAD", place, secret: ada.secret, headers: [tus]).status == 404)
            #expect(try await server.api(ada, "GET", "assets/\(asset)/draft")["items"].items.isEmpty)
        }
    }
}
