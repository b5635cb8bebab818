/// The user name that a client of the SSH gateway logs in with: who one is, and where one wants to go (SSH-02).
///
/// `gemini@root@ssh-<32 hex>.<workspace>` is an environment, `gemini@upload@data-<32 hex>.<workspace>` the draft of a dataset or model,
/// `…@upload@code-<32 hex>.…` the code of a project, `…@upload@netdisk.…` one's netdisk there. The last `@` parts it from the host.
public struct SSHUserName: Hashable, Sendable, CustomStringConvertible {
    public let person: Person
    public let place: Place
    /// The workspace as `WorkspaceLabel` writes it.
    public let workspace: String

    public enum Person: Hashable, Sendable {
        /// `gemini`: by key, whoever has the key; by password, whoever made what is to be entered.
        case anyone
        case account(LoginName)
        /// `token`: by the token of an upload, which is the password.
        case token
    }

    public enum Place: Hashable, Sendable {
        case environment(Identifier<Workload>)
        case draft(Identifier<Asset>)
        case code(Identifier<Project>)
        case netdisk
    }

    public init(person: Person, place: Place, workspace: String) {
        self.person = person
        self.place = place
        self.workspace = workspace
    }

    /// The longest that can be right, and some more.
    public static let limit = 200
    private static let anyone = "gemini"
    private static let token = "token"

    /// Nil for everything that is not exactly in this form.
    public init?(_ text: String) {
        guard text.utf8.count <= Self.limit, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 3, let dot = parts[2].firstIndex(of: ".") else { return nil }
        let label = String(parts[2][parts[2].index(after: dot)...])
        guard WorkspaceLabel.isValid(label), let place = Self.place(parts[1], parts[2][..<dot]),
            let person = Self.person(parts[0])
        else { return nil }
        if person == .token, case .environment = place { return nil }
        self.init(person: person, place: place, workspace: label)
    }

    private static func person(_ text: Substring) -> Person? {
        switch text {
        case anyone: .anyone
        case token: .token
        default: (try? LoginName(String(text))).map(Person.account)
        }
    }

    private static func place(_ role: Substring, _ text: Substring) -> Place? {
        func rest(_ prefix: String) -> Substring? { text.hasPrefix(prefix) ? text.dropFirst(prefix.utf8.count) : nil }
        switch role {
        case "root":
            return rest("ssh-").flatMap { Identifier<Workload>(hexadecimal: $0) }.map(Place.environment)
        case "upload":
            if text == "netdisk" { return .netdisk }
            if let asset = rest("data-").flatMap({ Identifier<Asset>(hexadecimal: $0) }) { return .draft(asset) }
            return rest("code-").flatMap { Identifier<Project>(hexadecimal: $0) }.map(Place.code)
        default: return nil
        }
    }

    public var description: String {
        let who =
            switch person {
            case .anyone: Self.anyone
            case .account(let login): login.text
            case .token: Self.token
            }
        return switch place {
        case .environment(let id): "\(who)@root@ssh-\(id.hexadecimal).\(workspace)"
        case .draft(let id): "\(who)@upload@data-\(id.hexadecimal).\(workspace)"
        case .code(let id): "\(who)@upload@code-\(id.hexadecimal).\(workspace)"
        case .netdisk: "\(who)@upload@netdisk.\(workspace)"
        }
    }
}

/// A workspace in a user name: its own name where that is plain, else its identifier.
public enum WorkspaceLabel {
    public static func label(of id: Identifier<Workspace>, named name: String) -> String {
        let lower = name.lowercased()
        return isValid(lower) && !lower.hasPrefix("wsp-") ? lower : byIdentifier(id)
    }

    /// The label by which the workspace is found whatever it is called.
    public static func byIdentifier(_ id: Identifier<Workspace>) -> String {
        String(id.text.map { $0 == "_" ? "-" : $0 })
    }

    public static func isValid(_ label: String) -> Bool {
        (1...63).contains(label.utf8.count) && !label.hasPrefix("-")
            && label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }
}
