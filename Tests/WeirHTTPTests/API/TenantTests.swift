import Foundation
import Testing
import WeirModel
import WeirPlatform
import WeirStore

@testable import WeirHTTP

@Suite struct TenantTests {
    @Test("every operation of the document that names an object is 404 to a member of another workspace (IDW-02)")
    func everyObject() async throws {
        let document = try OpenAPIDocument()
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let eve = try await server.user("eve")
            _ = try await server.project(of: eve)
            let objects = try await Self.objects(of: ada, in: server)
            var asked = 0
            for operation in document.operations where !operation.parameters.isEmpty && operation.who != "anyone" {
                let path = try #require(Self.path(operation, objects), "no object for \(operation.path)")
                let answer = try await Self.ask(operation, path, server, eve)
                if operation.who == "operator" {
                    #expect(answer.status == 403, "\(operation.id)")
                } else {
                    #expect(answer.status == 404, "\(operation.id) \(answer.body)")
                }
                asked += 1
            }
            #expect(asked > 50)
        }
    }

    @Test("what does not exist, and what is no identifier, is answered in the same words")
    func sameWords() async throws {
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            let eve = try await server.user("eve")
            let (_, project) = try await server.project(of: ada)
            let answers = try await [project, String(project.dropLast(4)) + "0000", "nonsense"].async { id in
                try await server.client.send("GET", "/api/v1/projects/\(id)", secret: eve.secret)
            }
            #expect(Set(answers.map(\.status)) == [404])
            #expect(Set(answers.map { $0["error"]["message"].text }).count == 1)
        }
    }

    /// One object of each kind, by the name of the parameter that stands for it.
    static func objects(of user: TestServer.User, in server: TestServer) async throws -> [String: String] {
        let (workspace, project) = try await server.project(of: user)
        let asset = try await server.api(
            user, "POST", "workspaces/\(workspace)/assets", ["kind": "dataset", "name": "digits"])["id"].text
        let upload = try await server.client.send(
            "POST", "/api/v1/assets/\(asset)/uploads", secret: user.secret,
            headers: [
                ("Tus-Resumable", "1.0.0"), ("Upload-Length", "10"),
                ("Upload-Metadata", "filename " + Data("a.csv".utf8).base64EncodedString()),
            ])
        let job = try await server.api(
            user, "POST", "projects/\(project)/jobs",
            ["name": "train", "image": "weir/notebook", "flavor": "cpu-small", "command": "true"])["id"].text
        let token = try await server.api(user, "POST", "tokens", ["name": "t"])["token"]["id"].text
        let own = try #require(Identifier<Workspace>(workspace))
        let now = server.clock.now()
        let image = ImageRecord(
            id: RandomIdentifiers().next(Image.self, at: now), workspace: own, reference: "ada/private",
            digest: "sha256:" + String(repeating: "b", count: 64), labels: [:], size: 1, createdAt: now)
        let account = try #require(Identifier<Account>(user.id))
        let invoice = InvoiceRecord(
            id: RandomIdentifiers().next(Invoice.self, at: now), workspace: own, title: "Laboratory", taxNumber: "1", amount: 1,
            note: "", requestedBy: account, requestedAt: now)
        try await server.platform.store.write { db in
            try db.put(image)
            try db.insert(invoice)
        }
        return [
            "workspace": workspace, "project": project, "asset": asset, "number": "1", "job": job, "workload": job,
            "month": "2026-11", "entry": "1", "scope": "workspace", "invoice": invoice.id.text,
            "voucher": RandomIdentifiers().next(Voucher.self, at: now).text, "token": token, "image": image.id.text, "account": user.id,
            "login": "ada",
            "ssh_key": RandomIdentifiers().next(SSHKey.self, at: now).text, "flavor": "none-such",
            "upload": upload.header("Location")?.split(separator: "/").last.map(String.init) ?? "",
        ]
    }

    static func path(_ operation: OpenAPIDocument.Operation, _ objects: [String: String]) -> String? {
        var parts: [String] = []
        for part in operation.path.split(separator: "/") {
            guard part.hasPrefix("{") else {
                parts.append(String(part))
                continue
            }
            guard let id = objects[String(part.dropFirst().dropLast())], !id.isEmpty else { return nil }
            parts.append(id)
        }
        return "/" + parts.joined(separator: "/")
    }

    /// A request that would be good if the object were the caller's own.
    private static func ask(
        _ operation: OpenAPIDocument.Operation, _ path: String, _ server: TestServer,
        _ user: TestServer.User
    ) async throws -> TestClient.Answer {
        let query = operation.id == "listAssets" ? "?kind=dataset" : operation.query.contains("path") ? "?path=a.csv" : ""
        if let body = operation.exampleBody {
            return try await server.client.send(
                operation.method, path + query, secret: user.secret,
                headers: [("Content-Type", "application/json")], body: body)
        }
        var headers: [(String, String)] = []
        var body: [UInt8]?
        switch operation.id {
        case "uploadCode": body = [1]
        case "uploadDraftFiles":
            headers = [("Content-Type", "multipart/form-data; boundary=x")]
            body = Array("--x--\r\n".utf8)
        case "createUpload", "createCodeUpload":
            headers = [("Tus-Resumable", "1.0.0"), ("Upload-Length", "1"), ("Upload-Metadata", "filename YQ==")]
        case "appendUpload":
            headers = [
                ("Tus-Resumable", "1.0.0"), ("Upload-Offset", "0"),
                ("Content-Type", "application/offset+octet-stream"),
            ]
            body = [1]
        case "getUploadOffset", "endUpload": headers = [("Tus-Resumable", "1.0.0")]
        default: break
        }
        return try await server.client.send(
            operation.method, path + query, secret: user.secret, headers: headers, body: body)
    }
}

extension Array {
    fileprivate func async<Other>(_ transform: (Element) async throws -> Other) async rethrows -> [Other] {
        var others: [Other] = []
        for element in self { others.append(try await transform(element)) }
        return others
    }
}
