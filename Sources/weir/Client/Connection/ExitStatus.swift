import WeirModel

/// What the exit code of a command means; listed in the manual.
enum ExitStatus: Int32, Sendable, CaseIterable {
    case done = 0
    case failed = 1
    case usage = 2
    case notLoggedIn = 3
    case forbidden = 4
    case notFound = 5
    case conflict = 6
    case unavailable = 7
    case workloadFailed = 8

    init(_ category: WeirError.Category) {
        switch category {
        case .invalid, .tooLarge: self = .usage
        case .unauthenticated, .locked: self = .notLoggedIn
        case .forbidden: self = .forbidden
        case .notFound, .gone: self = .notFound
        case .conflict: self = .conflict
        case .tooMany, .unavailable: self = .unavailable
        case .failed: self = .failed
        }
    }

    /// The meaning of an HTTP status that is no success.
    init(httpStatus: Int, code: String = "") {
        switch httpStatus {
        // Locked is an account, or something that another request holds for the moment.
        case 423 where code == "upload_busy": self = .unavailable
        case 401, 423: self = .notLoggedIn
        case 403: self = .forbidden
        case 404, 410: self = .notFound
        case 409, 412: self = .conflict
        case 429, 502, 503, 504: self = .unavailable
        case 400..<500: self = .usage
        default: self = .failed
        }
    }
}
