import Testing

@testable import WeirHTTP

@Suite struct OpenAPITests {
    @Test("every route is in the OpenAPI document under its operation id, and the document names no other")
    func sameOnBothSides() async throws {
        let document = try OpenAPIDocument()
        let described = Set(document.operations.map { "\($0.method) \($0.path) \($0.id)" })
        try await TestServer.with { server in
            let served = Set(server.routes.map(\.description))
            #expect(described.subtracting(served).sorted() == [], "described, not served")
            #expect(served.subtracting(described).sorted() == [], "served, not described")
        }
    }

    @Test("the document says of every operation who may and what answers it gives, and operation ids are unique")
    func complete() throws {
        let document = try OpenAPIDocument()
        let roles: Set = ["anyone", "account", "member", "administrator", "owner", "operator"]
        for operation in document.operations {
            #expect(roles.contains(operation.who), "\(operation.id)")
            #expect(operation.describesErrors, "\(operation.id)")
            #expect((operation.who == "anyone") == operation.isOpen, "\(operation.id)")
        }
        #expect(Set(document.operations.map(\.id)).count == document.operations.count)
    }

    @Test("an operation takes the parameters that the document names, and refuses others by name (hostile 11)")
    func parameters() async throws {
        let document = try OpenAPIDocument()
        for operation in document.operations {
            #expect(Set(QueryParameters.known[operation.id] ?? []) == operation.query, "\(operation.id)")
        }
        #expect(Set(QueryParameters.known.keys).subtracting(document.operations.map(\.id)) == [])
        try await TestServer.with { server in
            let ada = try await server.user("ada")
            for query in ["statr=running", "limit=5&=x", "LIMIT=5", "limit%00=5", "_=1"] {
                let answer = try await server.client.send("GET", "/api/v1/workspaces?\(query)", secret: ada.secret)
                #expect(answer.status == 400 && answer.code == "unknown_parameter", "\(query)")
            }
            #expect(try await server.client.send("GET", "/api/v1/workspaces?limit=5&", secret: ada.secret).status == 200)
            #expect(try await server.client.send("GET", "/api/v1/workspaces?", secret: ada.secret).status == 200)
        }
    }

    @Test("the document is served as it stands in the repository")
    func served() async throws {
        try await TestServer.with { server in
            let answer = try await server.client.send("GET", "/api/v1/openapi.yaml")
            #expect(answer.status == 200)
            #expect(answer.bytes == PackageResources.openapi_yaml)
        }
    }
}
