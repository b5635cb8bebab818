/// What Weir answers when it does not do what it was asked: one type in every room, thrown where the rule is broken.
public struct WeirError: Error, Hashable, Sendable {
    /// Stable for programs: never renamed once released.
    public let code: String
    public let category: Category
    /// The field or the thing that the error is about.
    public let subject: String
    /// The id in the requirements of the rule that was broken.
    public let rule: String?
    public let message: LocalizedText
    /// What the person can do about it.
    public let remedy: LocalizedText?

    public init(
        _ code: String, _ category: Category, subject: String, rule: String? = nil,
        _ message: LocalizedText, remedy: LocalizedText? = nil
    ) {
        self.code = code
        self.category = category
        self.subject = subject
        self.rule = rule
        self.message = message
        self.remedy = remedy
    }

    /// How the error leaves: an HTTP status, an exit status.
    public enum Category: String, Sendable, Codable {
        case invalid, unauthenticated, forbidden, notFound, conflict, gone, tooLarge, locked, tooMany
        case unavailable, failed
    }
}

extension WeirError: CustomStringConvertible {
    public var description: String { "\(code) (\(subject)): \(message.en)" }
}
