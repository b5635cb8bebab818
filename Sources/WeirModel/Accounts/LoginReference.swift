/// By what a person or a program has proved who they are. What is entered under it ends with it.
public enum LoginReference: Hashable, Sendable, CustomStringConvertible {
    case session(Identifier<Session>)
    case token(Identifier<APIToken>)

    public init?(_ text: String) {
        if let session = Identifier<Session>(text) {
            self = .session(session)
        } else if let token = Identifier<APIToken>(text) {
            self = .token(token)
        } else {
            return nil
        }
    }

    public var description: String {
        switch self {
        case .session(let id): id.text
        case .token(let id): id.text
        }
    }
}

/// A session or a token while it holds.
public struct LiveLogin: Hashable, Sendable {
    public var reference: LoginReference
    public var account: Identifier<Account>
    /// Nil for a token without an end.
    public var endsAt: Timestamp?

    public init(reference: LoginReference, account: Identifier<Account>, endsAt: Timestamp?) {
        self.reference = reference
        self.account = account
        self.endsAt = endsAt
    }
}
