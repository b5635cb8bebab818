/// The use of an environment over a stretch of time.
public struct ActivitySample: Hashable, Sendable, Codable {
    public var at: Timestamp
    /// Thousandths of a core, on average since the sample before.
    public var cpu: Int
    /// The highest of its accelerators; nil when it has none or they cannot be read.
    public var gpuPercent: Int?
    /// Bytes a second over its network, on average since the sample before; nil when they cannot be counted.
    public var network: Int64?
    /// Bytes a second from disks and to them; nil when they cannot be counted.
    public var disk: Int64?
    /// The last time somebody was seen, by each way in: that counts as activity as well.
    public var seen: [Presence: Timestamp]

    public init(
        at: Timestamp, cpu: Int, gpuPercent: Int? = nil, network: Int64? = nil, disk: Int64? = nil, seen: [Presence: Timestamp] = [:]
    ) {
        self.at = at
        self.cpu = cpu
        self.gpuPercent = gpuPercent
        self.network = network
        self.disk = disk
        self.seen = seen
    }

    /// So many bytes a second are no use: what a network says to all who are in it, and what a tool writes of itself.
    public static let quietNetwork: Int64 = 1 << 10
    public static let quietDisk: Int64 = 64 << 10

    public var lastSeen: Timestamp? { seen.values.max() }
}

/// A way by which somebody, or a program of theirs, shows in an environment.
public enum Presence: String, Hashable, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
    /// Requests to the tool, and what a browser says on its websockets.
    case requests
    /// Typing in a web terminal.
    case keyboard
    /// The traffic of SSH and SFTP, and of the connections that they forward.
    case ssh
    /// The tool's own word on its kernels and terminals.
    case tool
}
