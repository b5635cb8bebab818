public import WeirModel

/// What a spending or a budget is about.
public enum SpendingScope: Hashable, Sendable, CustomStringConvertible {
    case workspace
    case project(Identifier<Project>)
    case account(Identifier<Account>)

    /// As it stands in the tables: `workspace`, or the identifier.
    public var description: String {
        switch self {
        case .workspace: "workspace"
        case .project(let id): id.text
        case .account(let id): id.text
        }
    }

    public init?(_ text: String) {
        if text == "workspace" {
            self = .workspace
        } else if let id = Identifier<Project>(text) {
            self = .project(id)
        } else if let id = Identifier<Account>(text) {
            self = .account(id)
        } else {
            return nil
        }
    }
}
