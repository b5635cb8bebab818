import WeirModel

@testable import WeirHTTP

/// A browser with somebody's session.
struct Browser: Sendable {
    let server: TestServer
    let user: TestServer.User?
    var language = "en"

    private var cookie: [(String, String)] { user.map { [("Cookie", "weir_session=\($0.secret)")] } ?? [] }

    func open(_ path: String) async throws -> TestClient.Answer {
        try await server.client.send("GET", path, headers: cookie + [("Accept-Language", language), ("Accept", "text/html")])
    }

    func submit(
        _ path: String, _ fields: [(String, String)], token: String? = nil, origin: String? = nil
    ) async throws -> TestClient.Answer {
        let csrf = token ?? user.map { ConsoleForms.token(for: $0.secret) } ?? ""
        let form = ([("_csrf", csrf)] + fields).map { Address.escaped($0) + "=" + Address.escaped($1) }.joined(separator: "&")
        return try await server.client.send(
            "POST", path,
            headers: cookie + [
                ("Content-Type", "application/x-www-form-urlencoded"), ("Accept-Language", language),
                ("Origin", origin ?? server.client.base),
            ], body: Array(form.utf8))
    }
}
