public import NIOSSL

/// How the API and the console are offered.
public struct HTTPSettings: Sendable {
    public var host: String
    /// 0 takes any free port.
    public var port: Int
    public var tls: TLSConfiguration?
    /// Of a JSON body.
    public var bodyLimit: Int
    /// Streams of events and logs that may be open at once.
    public var mostStreams: Int
    /// The same of one account.
    public var mostStreamsOfOne: Int
    public var mostConnections: Int
    /// Shown by `/api/v1/system`.
    public var version: String
    public var signUpIsOpen: Bool
    /// The console's pages, words, scripts and styles, read anew for each request; nil takes those that are built in.
    public var consoleFolder: String?
    public var names: HostNames
    /// The editor that `Scripts/frontend-assets.sh` brought, if it is there; without it a plain field does.
    public var editorFolder: String?

    public init(
        host: String = "127.0.0.1", port: Int, tls: TLSConfiguration? = nil, bodyLimit: Int = 1 << 20,
        mostStreams: Int = 1_000, mostStreamsOfOne: Int = 64, mostConnections: Int = 10_000, version: String = "1.0.0",
        signUpIsOpen: Bool = false,
        consoleFolder: String? = nil, names: HostNames = HostNames()
    ) {
        self.host = host
        self.port = port
        self.tls = tls
        self.bodyLimit = bodyLimit
        self.mostStreams = mostStreams
        self.mostStreamsOfOne = mostStreamsOfOne
        self.mostConnections = mostConnections
        self.version = version
        self.signUpIsOpen = signUpIsOpen
        self.consoleFolder = consoleFolder
        self.names = names
    }
}
