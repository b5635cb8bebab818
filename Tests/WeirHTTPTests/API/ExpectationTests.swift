import TestSupport
import Testing

@testable import WeirHTTP

@Suite("A client that asks before it sends its body")
struct ExpectationTests {
    @Test("it is told to send it once it is read, and the connection goes on (bugs R4)")
    func invited() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let body = #"{"name": "asked"}"#
            let wire = try await server.ask("POST", "/api/v1/workspaces/\(workspace)/projects", "\(body.utf8.count)", ada.secret)
            #expect(try await wire.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            try await wire.send(body)
            let (head, text) = try await wire.receiveMessage()
            #expect(head.hasPrefix("HTTP/1.1 201 ") && text.contains(#""name":"asked""#))
            #expect(!head.lowercased().contains("connection: close"))
            try await wire.send("GET /api/v1/system HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try await wire.receiveMessage().head.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test("it is refused by the head alone, before it has sent anything: without a login, and above each limit (bugs R4, DAT-04, DAT-35)")
    func refused() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, project) = try await server.project(of: ada)
            let asset = try await server.api(ada, "POST", "workspaces/\(workspace)/assets", ["kind": "dataset", "name": "large"])["id"].text
            let many = "\(200 << 30)"
            for (method, path, length, type, secret, status, code) in [
                ("POST", "workspaces/\(workspace)/projects", "17", "application/json", nil, "401", "unauthenticated"),
                ("POST", "workspaces/\(workspace)/projects", "\(2 << 20)", "application/json", ada.secret, "413", "body_too_large"),
                ("PUT", "projects/\(project)/code/file?path=a.bin", "\(3 << 30)", "text/plain", ada.secret, "413", "file_too_large"),
                ("POST", "projects/\(project)/code/files", many, "multipart/form-data; boundary=b", ada.secret, "413", "body_too_large"),
                ("POST", "assets/\(asset)/draft/files", many, "multipart/form-data; boundary=b", ada.secret, "413", "body_too_large"),
            ] as [(String, String, String, String, String?, String, String)] {
                let wire = try await server.ask(method, "/api/v1/" + path, length, secret, type: type)
                let (head, text) = try await wire.receiveMessage()
                #expect(head.hasPrefix("HTTP/1.1 \(status) ") && text.contains(#""code":"\#(code)""#), "\(path): \(head)\(text)")
                #expect(head.lowercased().contains("connection: close"))
            }
        }
    }

    @Test("one that sends everything and closes the connection afterwards sees why it is refused (G4)", .timeLimit(.minutes(1)))
    func closing() async throws {
        try await TestServer.with { server in
            let (_, project) = try await server.project(of: server.user("ada"))
            let wire = try await Wire.connect(to: try #require(Int(server.client.base.split(separator: ":").last ?? "")))
            let part = String(repeating: "x", count: 1 << 20)
            try await wire.send(
                "PUT /api/v1/projects/\(project)/code/file?path=a.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + "Content-Type: text/plain\r\nContent-Length: \(16 << 20)\r\n\r\n")
            for _ in 0..<16 { try await wire.send(part) }
            let (head, text) = try await wire.receiveMessage()
            #expect(head.hasPrefix("HTTP/1.1 401 ") && text.contains(#""code":"unauthenticated""#), "\(head)\(text)")
        }
    }

    @Test("a file above what a resumable upload takes is refused by its length, with a remedy that helps (bugs R4, DAT-07)")
    func resumable() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let (workspace, _) = try await server.project(of: ada)
            let asset = try await server.api(ada, "POST", "workspaces/\(workspace)/assets", ["kind": "dataset", "name": "large"])["id"].text
            let answer = try await server.client.send(
                "POST", "/api/v1/assets/\(asset)/uploads", secret: ada.secret,
                headers: [("Tus-Resumable", "1.0.0"), ("Upload-Length", "\(2 << 40)"), ("Upload-Metadata", "filename YQ==")])
            #expect(answer.status == 413 && answer.code == "file_too_large")
            let remedy = answer["error"]["remedy"].text
            #expect(remedy.contains("limits.upload_size") && !remedy.contains("resumable"), "\(remedy)")
        }
    }
}

extension TestServer {
    /// Sends the head of a request whose body waits for an answer.
    fileprivate func ask(
        _ method: String, _ path: String, _ length: String, _ secret: String?, type: String = "application/json"
    ) async throws -> Wire {
        let wire = try await Wire.connect(to: try #require(Int(client.base.split(separator: ":").last ?? "")))
        let login = secret.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        try await wire.send(
            "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(login)Content-Type: \(type)\r\nContent-Length: \(length)\r\n"
                + "Expect: 100-continue\r\n\r\n")
        return wire
    }
}
