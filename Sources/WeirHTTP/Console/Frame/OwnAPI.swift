import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization
import WeirModel

/// The API as the console asks it: in the same process, on behalf of whoever asked for the page, with the same rules for everybody.
struct OwnAPI: Sendable {
    /// Takes an answer before it is written out, so that nothing is written and read again on the way to a page.
    final class Listener: Sendable {
        private let held = Mutex<JSON>(.null)
        var value: JSON {
            get { held.withLock { $0 } }
            set { held.withLock { $0 = newValue } }
        }
    }

    struct Answer: Sendable {
        let status: HTTPResponse.Status
        let value: JSON
        let headers: HTTPFields
    }

    @TaskLocal static var listener: Listener?

    let responder: RouterResponder<RequestInformation>

    /// - Parameters:
    ///   - path: behind `/api/v1/`, with its query.
    ///   - body: a JSON object, or a body that is passed on as it came, with its type.
    /// Throws what the API would answer as an error.
    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: Body = .none, key: String? = nil, for visit: Visit
    ) async throws -> Answer {
        var head = visit.request.head
        head.method = method
        head.path = "/api/v1/" + path
        head.headerFields[.acceptLanguage] = visit.language.rawValue
        // The console has asked for the form's own token before.
        head.headerFields[.weirRequest] = "1"
        head.headerFields[.idempotencyKey] = key
        head.headerFields[.range] = nil
        let request: Request
        switch body {
        case .none:
            head.headerFields[.contentType] = nil
            head.headerFields[.contentLength] = "0"
            request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        case .json(let json):
            let bytes = JSONWriter.bytes(of: json)
            head.headerFields[.contentType] = "application/json"
            head.headerFields[.contentLength] = String(bytes.count)
            request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: bytes)))
        case .passedOn:
            request = Request(head: head, body: visit.request.body)
        }
        let listener = Listener()
        let response = try await Self.$listener.withValue(listener) {
            try await responder.respond(to: request, context: RequestInformation(within: visit.information))
        }
        return Answer(status: response.status, value: listener.value, headers: response.headers)
    }

    enum Body: Sendable {
        case none
        case json(JSON)
        case passedOn
    }
}
