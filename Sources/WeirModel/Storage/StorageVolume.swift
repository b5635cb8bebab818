/// What shares one bound on the disk: all that a workspace keeps, or all that a person keeps in every workspace.
public enum StorageVolume: Hashable, Sendable {
    case workspace(Identifier<Workspace>)
    case account(Identifier<Account>)

    /// The identifier, which names the volume on the host.
    public var text: String {
        switch self {
        case .workspace(let id): id.text
        case .account(let id): id.text
        }
    }

    /// The volume of that name; nil for any other text.
    public init?(_ text: String) {
        if let id = Identifier<Workspace>(text) {
            self = .workspace(id)
        } else if let id = Identifier<Account>(text) {
            self = .account(id)
        } else {
            return nil
        }
    }
}
