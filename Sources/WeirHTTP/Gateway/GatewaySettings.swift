/// Where the gateway listens and how long it waits.
public struct GatewaySettings: Sendable {
    /// The address that the tools' door and the external ports are bound to.
    public var host: String
    /// The port of the tools' door; 0 takes any free one.
    public var port: Int
    /// How people reach the tools' door from outside, without a slash at the end: `https://tools.example.org`.
    public var publicURL: String?
    /// Certificate chain and key as PEM files, for the tools' door and the external ports.
    public var tls: TLS?
    /// How long requests under way may take to end at shutdown.
    public var drainTime = Duration.seconds(10)
    public var connectTime = Duration.seconds(5)
    /// From the first byte of a request's head to its last.
    public var headTime = Duration.seconds(30)
    /// A kept connection without a request.
    public var idleTime = Duration.seconds(75)
    /// A request on which neither side says anything.
    public var silenceTime = Duration.seconds(600)
    /// A websocket or TCP connection on which neither side says anything.
    public var tunnelSilenceTime = Duration.seconds(3600)
    /// Connections of clients at once; further ones are closed as they come.
    public var mostConnections = 16_384

    public struct TLS: Sendable {
        public var certificateFile: String
        public var keyFile: String

        public init(certificateFile: String, keyFile: String) {
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    public init(host: String = "127.0.0.1", port: Int, publicURL: String? = nil, tls: TLS? = nil) {
        self.host = host
        self.port = port
        self.publicURL = publicURL
        self.tls = tls
    }

    /// The origin of the tools' door, as links name it.
    public var origin: String {
        publicURL ?? "\(tls == nil ? "http" : "https")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }
}
