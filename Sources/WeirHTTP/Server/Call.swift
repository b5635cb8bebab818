import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import WeirModel
import WeirPlatform
import WeirStore

/// One request on its way through a route: what was asked, by whom, and in which language to answer.
struct Call: Sendable {
    let request: Request
    let information: RequestInformation
    let language: Language
    let settings: HTTPSettings
    let streams: StreamLimit
    private let login: Login?

    /// Who asks, and by which secret.
    struct Login: Sendable {
        let caller: Caller
        let secret: String
    }

    init(
        _ request: Request, _ information: RequestInformation, settings: HTTPSettings, streams: StreamLimit,
        login: Login?
    ) {
        self.request = request
        self.information = information
        self.settings = settings
        self.streams = streams
        self.login = login
        language = Language(accepting: request.headers[.acceptLanguage])
    }

    var caller: Caller {
        get throws(WeirError) {
            guard let login else { throw .unauthenticated() }
            return login.caller
        }
    }

    /// Where the request comes from, as failures are counted.
    var source: SSHSource {
        IPAddress(information.remoteAddress).map { SSHSource($0) } ?? SSHSource(information.remoteAddress)
    }

    var secret: String {
        get throws(WeirError) {
            guard let login else { throw .unauthenticated() }
            return login.secret
        }
    }

    // MARK: The path

    /// A text that is no identifier names nothing, so the answer is "not found".
    func id<Subject>(_ name: String, of _: Subject.Type = Subject.self) throws -> Identifier<Subject> {
        guard let id = Identifier<Subject>(try text(name)) else { throw WeirError.notFound(name) }
        return id
    }

    func text(_ name: String) throws(WeirError) -> String {
        guard let text = information.parameters.get(name) else { throw .missing(name) }
        return text
    }

    func number(_ name: String) throws -> Int {
        guard let number = Int(try text(name)), number > 0 else { throw WeirError.notFound(name) }
        return number
    }

    // MARK: The query

    func query(_ name: String) -> String? {
        request.uri.queryParameters[Substring(name)].map(String.init)
    }

    func query<Value: RawRepresentable & CaseIterable>(
        _ name: String, as _: Value.Type
    ) throws -> Value? where Value.RawValue == String {
        guard let text = query(name) else { return nil }
        guard let value = Value(rawValue: text) else {
            throw WeirError.malformed(name, Value.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return value
    }

    func query(_ name: String, in range: ClosedRange<Int64>) throws -> Int64? {
        guard let text = query(name) else { return nil }
        guard let value = Int64(text), range.contains(value) else {
            throw WeirError.malformed(name, "\(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A text by which a list is narrowed.
    func word(_ name: String, upTo most: Int) throws(WeirError) -> String? {
        guard let text = query(name) else { return nil }
        guard (1...most).contains(text.unicodeScalars.count) else { throw .malformed(name, "1 to \(most) characters") }
        return text
    }

    /// `true` or `false`.
    func queryFlag(_ name: String) throws -> Bool? {
        try query(name, as: Truth.self).map { $0 == .yes }
    }

    private enum Truth: String, CaseIterable {
        case yes = "true"
        case no = "false"
    }

    func queryID<Subject>(_ name: String, of _: Subject.Type = Subject.self) throws -> Identifier<Subject>? {
        guard let text = query(name) else { return nil }
        guard let id = Identifier<Subject>(text) else { throw WeirError.notFound(name) }
        return id
    }

    /// `name`, by which a list is narrowed.
    func nameFilter() throws(WeirError) -> String? {
        guard let text = query("name") else { return nil }
        guard (1...Name.limit).contains(text.count) else {
            throw .malformed("name", "1 to \(Name.limit) characters")
        }
        return text
    }

    /// `limit` and `after`, and `sort` where a list can come in several orders.
    func page(in orders: [ListOrder] = [.newest]) throws -> PageRequest {
        let limit = try query("limit", in: 1...Int64(PageRequest.most)) ?? 50
        let after = query("after")
        if let after, !(1...512).contains(after.utf8.count) { throw WeirError.malformed("after", "the next of a list") }
        guard orders.count > 1, let sort = query("sort") else { return PageRequest(limit: Int(limit), after: after) }
        guard let order = orders.first(where: { $0.rawValue == sort }) else {
            throw WeirError.malformed("sort", orders.map(\.rawValue).joined(separator: ", "))
        }
        return PageRequest(limit: Int(limit), after: after, order: order)
    }

    /// The same of what has a name.
    func pageOfNamed() throws -> PageRequest { try page(in: [.newest, .oldest, .name]) }

    /// The same of what has a name and can be changed.
    func pageOfChanged() throws -> PageRequest { try page(in: [.newest, .oldest, .name, .changed]) }

    // MARK: The body

    /// Throws `unsupported_media_type`, `body_too_large` or what `Input.read` throws.
    func input<Body: Input>(_: Body.Type) async throws -> Body {
        try Body.read(try await jsonBody())
    }

    /// Where the whole body may be left out.
    func inputOrNone<Body: Input>(_: Body.Type) async throws -> Body {
        let data = try await jsonBody(mayBeAbsent: true)
        return try Body.read(data.isEmpty ? Data("{}".utf8) : data)
    }

    /// Throws `body_too_large` before anything is read of a body that announces itself as larger.
    func requireLength(upTo limit: Int64) throws(WeirError) {
        guard let announced = request.headers[.contentLength].flatMap({ Int64($0) }), announced > limit else { return }
        throw .bodyTooLarge(limit: Int(limit))
    }

    private func jsonBody(mayBeAbsent: Bool = false) async throws -> Data {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased()
        let absent = mayBeAbsent && (request.headers[.contentLength] ?? "0") == "0" && type == nil
        guard type == "application/json" || absent else { throw WeirError.unsupportedMediaType("application/json") }
        try requireLength(upTo: Int64(settings.bodyLimit))
        var collected = Data()
        for try await part in request.body {
            guard collected.count + part.readableBytes <= settings.bodyLimit else {
                throw WeirError.bodyTooLarge(limit: settings.bodyLimit)
            }
            collected.append(contentsOf: part.readableBytesView)
        }
        return collected
    }
}

extension HTTPField.Name {
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    static let lastEventID = HTTPField.Name("Last-Event-ID")!
    static let requestID = HTTPField.Name("X-Request-Id")!
    static let weirRequest = HTTPField.Name("X-Weir-Request")!
}
