/// What the gateway is told of the configuration.
public struct SSHGatewaySettings: Sendable {
    public var host: String
    /// 0 takes any that is free.
    public var port: Int
    /// Where `FileTools` has put OpenSSH's own programs.
    public var tools: String
    /// Connections at once, from everywhere.
    public var mostConnections: Int
    /// Connections at once from one source that have not logged in.
    public var mostStrangers: Int
    /// New connections that one source may make in a burst, and how many it wins back in a second.
    public var burst: Double
    public var perSecond: Double
    /// How long a client may take to log in.
    public var loginTime: Duration

    public init(
        host: String, port: Int, tools: String, mostConnections: Int = 2000, mostStrangers: Int = 32, burst: Double = 120,
        perSecond: Double = 10, loginTime: Duration = .seconds(60)
    ) {
        self.host = host
        self.port = port
        self.tools = tools
        self.mostConnections = mostConnections
        self.mostStrangers = mostStrangers
        self.burst = burst
        self.perSecond = perSecond
        self.loginTime = loginTime
    }
}
