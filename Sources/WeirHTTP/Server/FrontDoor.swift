import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1
import WeirModel

/// What every request passes: it gets an id, its errors become answers, and it is counted and logged.
struct FrontDoor<Inner: HTTPResponder>: HTTPResponder where Inner.Context == RequestInformation {
    let inner: Inner
    let routes: [Route]
    let metrics: RequestMetrics
    let names: HostNames

    func respond(to request: Request, context: RequestInformation) async throws -> Response {
        let start = ContinuousClock.now
        var (request, context) = (request, context)
        if request.head.asksBeforeBody {
            request.body = RequestBody(asyncSequence: InvitedBody(body: request.body, channel: context.channel))
        }
        let unread = UnreadBody(of: request)
        if let unread { request.body = unread.watched }
        context.remoteAddress = names.client(of: request, from: context.remoteAddress)
        var response: Response
        do {
            try names.check(request)
            response = try await inner.respond(to: request, context: context)
        } catch let error as HTTPParserError {
            throw error
        } catch {
            let failure = foreseen(error, request, context)
            response = ErrorAnswer.response(for: failure, to: request, requestID: context.requestID)
            if failure.code == "method_not_allowed" { response.headers[.allow] = methods(at: request).joined(separator: ", ") }
        }
        if response.status.code >= 300 { await unread?.passOver() }
        // An answer to HEAD has no body, whatever there is to say.
        if request.method == .head { response = response.createHeadResponse() }
        SecurityHeaders.add(to: &response)
        response.headers[.requestID] = context.requestID
        let duration = ContinuousClock.now - start
        let route = context.endpointPath ?? "none"
        metrics.count(method: request.method.rawValue, route: route, status: response.status.code, duration: duration)
        context.logger.info(
            "request",
            metadata: [
                "method": .string(request.method.rawValue), "path": .string(String(request.uri.path.prefix(512))),
                "status": .stringConvertible(response.status.code), "from": .string(context.remoteAddress),
                "microseconds": .stringConvertible(duration / .microseconds(1)),
            ])
        return response
    }

    private func foreseen(_ error: any Error, _ request: Request, _ context: RequestInformation) -> WeirError {
        let failure = ErrorAnswer.weirError(for: error, logger: context.logger)
        guard failure.code == "no_route" else { return failure }
        let allowed = methods(at: request)
        return allowed.isEmpty ? failure : .methodNotAllowed(allowed)
    }

    private func methods(at request: Request) -> [String] {
        routes.filter { $0.matches(path: request.uri.path) }.map(\.method.rawValue).sorted()
    }
}

/// Has what the router itself refuses answered like every other error.
struct RouterErrors: RouterMiddleware {
    func handle(
        _ request: Request, context: RequestInformation,
        next: (Request, RequestInformation) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as any HTTPResponseError {
            throw ErrorAnswer.weirError(for: error, logger: context.logger)
        }
    }
}

/// What keeps a browser from being talked into anything by what an answer holds.
enum SecurityHeaders {
    private static let contentSecurityPolicy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
        form-action 'self'; frame-ancestors 'none'; base-uri 'none'
        """

    static func add(to response: inout Response) {
        response.headers[.contentSecurityPolicy] = contentSecurityPolicy
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.referrerPolicy] = "same-origin"
        response.headers[.crossOriginResourcePolicy] = "same-origin"
        response.headers[.crossOriginOpenerPolicy] = "same-origin"
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    }
}

extension HTTPField.Name {
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    static let crossOriginOpenerPolicy = HTTPField.Name("Cross-Origin-Opener-Policy")!
}
