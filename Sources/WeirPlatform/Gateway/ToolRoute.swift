public import WeirModel

/// Where a program inside an instance listens.
public struct Backend: Hashable, Sendable, CustomStringConvertible {
    public let host: String
    public let port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// How one tool of a workload is reached: JupyterLab, a board, an app, the terminal.
public struct ToolRoute: Hashable, Sendable {
    /// Whose members may enter.
    public var workspace: Identifier<Workspace>
    /// Of what is personal: the one of them who may (IDW-07).
    public var onlyFor: Identifier<Account>?
    public var destination: Destination
    /// The tool knows that it lives under `/i/<workload>/<tool>/`; otherwise the gateway takes the prefix off.
    public var prefixKept: Bool
    /// The value of `Authorization` that the tool wants. The browser never sees it.
    public var upstreamAuthorization: String?
    /// The paths at which the tool tells when it was last used.
    public var activityPaths: [String]

    public init(
        workspace: Identifier<Workspace>, onlyFor: Identifier<Account>? = nil, destination: Destination, prefixKept: Bool = true,
        upstreamAuthorization: String? = nil, activityPaths: [String] = []
    ) {
        self.workspace = workspace
        self.onlyFor = onlyFor
        self.destination = destination
        self.prefixKept = prefixKept
        self.upstreamAuthorization = upstreamAuthorization
        self.activityPaths = activityPaths
    }

    public enum Destination: Hashable, Sendable {
        case backend(Backend)
        /// The web terminal, which the gateway itself serves.
        case terminal
        /// Not up, and why.
        case down(LocalizedText)
    }
}

/// The name of a tool in a path: lower-case letters, digits and hyphens.
public enum ToolName {
    public static let terminal = "terminal"
    public static let limit = 32

    public static func isValid(_ name: String) -> Bool {
        (1...limit).contains(name.utf8.count)
            && name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }

    /// The path under which a tool lives, with the slash at its end.
    public static func path(of tool: String, in workload: Identifier<Workload>) -> String { "/i/\(workload)/\(tool)/" }
}
