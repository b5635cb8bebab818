import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import WeirModel

/// The one place where an error becomes an HTTP answer.
enum ErrorAnswer {
    static func response(for error: WeirError, to request: Request, requestID: String) -> Response {
        let language = Language(accepting: request.headers[.acceptLanguage])
        var response = Response(json: json(of: error, in: language, requestID: requestID), status: status(of: error))
        response.headers[.contentLanguage] = language.rawValue
        switch error.category {
        case .unauthenticated: response.headers[.wwwAuthenticate] = "Bearer realm=\"Weir\""
        case .unavailable, .tooMany: response.headers[.retryAfter] = "2"
        default: break
        }
        return response
    }

    static func json(of error: WeirError, in language: Language, requestID: String) -> JSON {
        [
            "error": [
                "code": error.code, "message": error.message[language], "subject": error.subject, "rule": error.rule,
                "remedy": error.remedy?[language], "request_id": requestID,
            ] as JSON
        ]
    }

    /// What is not a `WeirError` yet; what nobody foresaw is logged whole, and told as no more than a failure.
    static func weirError(for error: any Error, logger: Logger) -> WeirError {
        switch error {
        case let error as WeirError: return error
        case let error as HTTPError where error.status == .notFound: return .noRoute()
        case let error as HTTPError where error.status == .contentTooLarge: return .bodyTooLarge(limit: 0)
        case let error as HTTPError where error.status.kind == .clientError:
            return .badRequest(error.status.reasonPhrase)
        case is CancellationError: return .interrupted()
        default:
            logger.error("A request failed", metadata: ["error": .string(String(reflecting: error))])
            return .internalFailure()
        }
    }

    static func status(of error: WeirError) -> HTTPResponse.Status {
        switch error.code {
        case "method_not_allowed": return .methodNotAllowed
        case "unknown_host": return .misdirectedRequest
        case "unsupported_media_type": return .unsupportedMediaType
        case "tus_version", "changed_meanwhile": return .preconditionFailed
        case "range_not_satisfiable": return .rangeNotSatisfiable
        // By the tus protocol.
        case "upload_checksum_mismatch": return HTTPResponse.Status(code: 460, reasonPhrase: "Checksum Mismatch")
        default: break
        }
        return switch error.category {
        case .invalid: .badRequest
        case .unauthenticated: .unauthorized
        case .forbidden: .forbidden
        case .notFound: .notFound
        case .conflict: .conflict
        case .gone: .gone
        case .tooLarge: .contentTooLarge
        case .locked: HTTPResponse.Status(code: 423, reasonPhrase: "Locked")
        case .tooMany: .tooManyRequests
        case .unavailable: .serviceUnavailable
        case .failed: .internalServerError
        }
    }
}

extension WeirError {
    static func interrupted() -> WeirError {
        WeirError(
            "interrupted", .unavailable, subject: "server",
            LocalizedText("Weir is shutting down.", zh: "Weir 正在关闭。"),
            remedy: LocalizedText("Try again in a moment.", zh: "请稍后重试。"))
    }
}
