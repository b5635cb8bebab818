import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform

/// Who is let through to a route. What they may do there is the capability's own rule.
enum Access: Sendable {
    case anyone
    /// Whoever proves an account, and has a password of their own.
    case account
    /// Also whoever still has a password that somebody else made.
    case accountWithAnyPassword
}

/// One operation of the API, as the OpenAPI document has it.
struct Route: Hashable, Sendable, CustomStringConvertible {
    let method: HTTPRequest.Method
    /// `/api/v1/projects/{project}`
    let path: String
    /// The document's `operationId`.
    let operation: String

    var description: String { "\(method.rawValue) \(path) \(operation)" }

    /// `api`
    var firstPart: Substring { path.split(separator: "/", maxSplits: 1).first ?? "" }

    /// Whether a request's path is one of this route's, whatever the method.
    func matches(path other: String) -> Bool {
        let own = path.split(separator: "/")
        let parts = other.split(separator: "/")
        return own.count == parts.count && zip(own, parts).allSatisfy { $0.first == "{" || $0 == $1 }
    }
}

/// Where the capabilities put their routes when the server is composed.
final class Routes {
    typealias Handler = @Sendable (Call) async throws -> Response

    private(set) var all: [Route] = []
    let router: Router<RequestInformation>
    private let authentication: Authentication
    private let settings: HTTPSettings
    private let streams: StreamLimit

    init(
        router: Router<RequestInformation>, authentication: Authentication, settings: HTTPSettings,
        streams: StreamLimit
    ) {
        self.router = router
        self.authentication = authentication
        self.settings = settings
        self.streams = streams
    }

    func get(_ path: String, _ operation: String, _ access: Access = .account, use handler: @escaping Handler) {
        add(.get, path, operation, access, handler)
    }

    func post(_ path: String, _ operation: String, _ access: Access = .account, use handler: @escaping Handler) {
        add(.post, path, operation, access, handler)
    }

    func put(_ path: String, _ operation: String, _ access: Access = .account, use handler: @escaping Handler) {
        add(.put, path, operation, access, handler)
    }

    func patch(_ path: String, _ operation: String, _ access: Access = .account, use handler: @escaping Handler) {
        add(.patch, path, operation, access, handler)
    }

    func delete(_ path: String, _ operation: String, _ access: Access = .account, use handler: @escaping Handler) {
        add(.delete, path, operation, access, handler)
    }

    func head(_ path: String, _ operation: String, _ access: Access = .account, use handler: @escaping Handler) {
        add(.head, path, operation, access, handler)
    }

    func options(_ path: String, _ operation: String, _ access: Access = .account, use handler: @escaping Handler) {
        add(.options, path, operation, access, handler)
    }

    /// Paths that begin with `/` and not with `/api` stand outside of the API's prefix.
    private func add(
        _ method: HTTPRequest.Method, _ path: String, _ operation: String, _ access: Access,
        _ handler: @escaping Handler
    ) {
        let path = path.hasPrefix("/") ? path : "/api/v1/" + path
        all.append(Route(method: method, path: path, operation: operation))
        let (authentication, settings, streams) = (authentication, settings, streams)
        router.on(RouterPath(path), method: method) { request, information in
            let login = try await authentication.login(of: request, access)
            try QueryParameters.check(request, for: operation)
            return try await handler(
                Call(request, information, settings: settings, streams: streams, login: login))
        }
    }
}
