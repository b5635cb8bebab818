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

    @Test("the document is served as it stands in the repository")
    func served() async throws {
        try await TestServer.with { server in
            let answer = try await server.client.send("GET", "/api/v1/openapi.yaml")
            #expect(answer.status == 200)
            #expect(answer.bytes == PackageResources.openapi_yaml)
        }
    }
}
