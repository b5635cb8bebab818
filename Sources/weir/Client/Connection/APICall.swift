import AsyncHTTPClient
import Foundation

/// One request to the API, before it has a server and a token.
struct APICall: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    var method: Method
    var path: String
    var query: [(name: String, value: String)]
    var headers: [(name: String, value: String)] = []
    var body: HTTPClientRequest.Body?
    /// Nil for an answer that comes for as long as it comes.
    var timeout: Duration? = .seconds(60)
    /// Whether the same request may be sent again when the connection broke.
    var canRepeat: Bool

    private init(_ method: Method, _ path: String, _ query: [(name: String, value: String?)], canRepeat: Bool) {
        self.method = method
        self.path = path
        self.query = query.compactMap { item in item.value.map { (name: item.name, value: $0) } }
        self.canRepeat = canRepeat
    }

    static func get(_ path: String, _ query: [(name: String, value: String?)] = []) -> APICall {
        APICall(.get, path, query, canRepeat: true)
    }

    static func delete(_ path: String, _ query: [(name: String, value: String?)] = []) -> APICall {
        APICall(.delete, path, query, canRepeat: true)
    }

    static func send(_ method: Method, _ path: String, _ body: JSONValue? = nil) throws -> APICall {
        var call = APICall(method, path, [], canRepeat: method == .put || method == .patch)
        if let body { try call.setJSON(body) }
        return call
    }

    /// A creation that can be sent again without making two things: it carries an idempotency key.
    static func create(_ path: String, _ body: JSONValue) throws -> APICall {
        var call = APICall(.post, path, [], canRepeat: true)
        try call.setJSON(body)
        call.headers.append((name: "Idempotency-Key", value: UUID().uuidString))
        return call
    }

    /// A request with bytes of its own.
    static func raw(_ method: Method, _ path: String, _ query: [(name: String, value: String?)] = []) -> APICall {
        APICall(method, path, query, canRepeat: false)
    }

    private mutating func setJSON(_ value: JSONValue) throws {
        let bytes = try JSONEncoder().encode(value)
        headers.append((name: "Content-Type", value: "application/json"))
        body = .bytes(bytes)
    }

    /// Path and query as they go over the wire.
    var target: String {
        guard !query.isEmpty else { return path }
        let items = query.map { "\($0.name.percentEncoded)=\($0.value.percentEncoded)" }
        return path + "?" + items.joined(separator: "&")
    }
}

extension String {
    /// Every byte that is not a letter, a digit or one of `-._~` as `%XX`.
    var percentEncoded: String {
        utf8.reduce(into: "") { result, byte in
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: result.append(Character(UnicodeScalar(byte)))
            default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
