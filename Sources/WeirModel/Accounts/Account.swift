/// A person who can log in.
public struct Account: Identified, Sendable {
    public static let identifierPrefix = "acc"
}

/// A login in a browser or a program, by password.
public struct Session: Identified, Sendable {
    public static let identifierPrefix = "ses"
}

/// A named secret by which a program acts for an account.
public struct APIToken: Identified, Sendable {
    public static let identifierPrefix = "tok"
}

/// The name that a person logs in with.
public struct LoginName: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public init(_ text: String) throws(WeirError) {
        guard (2...32).contains(text.utf8.count),
            text.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95 }),
            let first = text.utf8.first, (97...122).contains(first)
        else { throw .malformed("login", "2 to 32 of a-z, 0-9, \"-\" and \"_\", a letter first") }
        self.text = text
    }

    public var description: String { text }
}

public enum PasswordRule {
    public static let shortest = 10
    public static let longest = 256

    public static func check(_ password: String, field: String = "password") throws(WeirError) {
        guard password.count >= shortest else { throw .malformed(field, "at least \(shortest) characters") }
        guard password.utf8.count <= longest else { throw .tooLong(field, limit: longest) }
    }
}

/// Five failures in a row lock an account for thirty minutes, whichever door they came through (SSH-05, X09).
public enum LoginLock {
    public static let failures = 5
    public static let duration = Duration.seconds(30 * 60)

    public struct Standing: Hashable, Sendable {
        public var failures: Int
        public var lockedUntil: Timestamp?

        public init(failures: Int = 0, lockedUntil: Timestamp? = nil) {
            self.failures = failures
            self.lockedUntil = lockedUntil
        }

        public func isLocked(at now: Timestamp) -> Bool { lockedUntil.map { now < $0 } ?? false }

        /// The standing after one more attempt that was let through to the check of the secret.
        public func after(success: Bool, at now: Timestamp) -> Standing {
            guard !success else { return Standing() }
            let count = failures + 1
            return count >= LoginLock.failures
                ? Standing(failures: 0, lockedUntil: now + LoginLock.duration) : Standing(failures: count)
        }
    }
}

extension WeirError {
    public static func unauthenticated() -> WeirError {
        WeirError(
            "unauthenticated", .unauthenticated, subject: "Authorization",
            LocalizedText("Log in first.", zh: "请先登录。"),
            remedy: LocalizedText(
                "Use `weir login`, or send an API token as a bearer token.", zh: "请使用 `weir login`，或以 Bearer 方式发送 API 令牌。"))
    }

    public static func wrongPassword() -> WeirError {
        WeirError(
            "wrong_password", .unauthenticated, subject: "password", rule: "SSH-05",
            LocalizedText("The login or the password is wrong.", zh: "用户名或密码错误。"),
            remedy: LocalizedText(
                "Five failures in a row lock the account for 30 minutes for where they came from.", zh: "同一来源连续 5 次失败将在该来源锁定账户 30 分钟。"))
    }

    public static func accountLocked(until: Timestamp) -> WeirError {
        WeirError(
            "account_locked", .locked, subject: "login", rule: "SSH-05",
            LocalizedText(
                "After five failures from here, this login is locked for this place until \(until).", zh: "因多次失败，此用户名在当前来源已锁定至 \(until)。"),
            remedy: LocalizedText("Wait, log in from elsewhere, or ask the operator for a new password.", zh: "请等待、换一处登录，或请运营管理员重置密码。"))
    }
}
