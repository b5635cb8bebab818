public import WeirModel

/// All that an engine has to know to make one instance run.
public struct Launch: Hashable, Sendable {
    public var instance: Identifier<Instance>
    public var workload: Identifier<Workload>
    public var workspace: Identifier<Workspace>
    /// The image by digest or by reference.
    public var image: String
    /// Nil runs the image's own command.
    public var command: [String]?
    public var workingDirectory: String
    public var environment: [String: String]
    public var mounts: [Mount]
    public var flavor: Flavor
    /// CDI names of the GPUs given to this instance.
    public var devices: [String]
    /// The name by which other instances on the workspace's network find it.
    public var hostName: String
    /// People come into it by SSH, and find the tools there that their clients ask for.
    public var isEntered: Bool
    /// Ports of its tools: the gateway alone reaches them, no other instance.
    public var gatewayPorts: [Int]
    /// The file that standard output and error go to, in the format of `InstanceLog`.
    public var logFile: String

    public init(
        instance: Identifier<Instance>, workload: Identifier<Workload>, workspace: Identifier<Workspace>,
        image: String, command: [String]?, workingDirectory: String, environment: [String: String], mounts: [Mount],
        flavor: Flavor, devices: [String] = [], hostName: String, isEntered: Bool, gatewayPorts: [Int] = [], logFile: String
    ) {
        self.instance = instance
        self.workload = workload
        self.workspace = workspace
        self.image = image
        self.command = command
        self.workingDirectory = workingDirectory
        self.environment = environment
        self.mounts = mounts
        self.flavor = flavor
        self.devices = devices
        self.hostName = hostName
        self.isEntered = isEntered
        self.gatewayPorts = gatewayPorts
        self.logFile = logFile
    }

    /// A folder of the host that the instance sees.
    public struct Mount: Hashable, Sendable {
        public var source: String
        public var target: String
        public var writable: Bool

        public init(source: String, target: String, writable: Bool) {
            self.source = source
            self.target = target
            self.writable = writable
        }
    }
}

/// The container cannot run, for a reason that a person should see.
public struct LaunchFailure: Error, Hashable, Sendable {
    public let reason: FailureReason

    public init(_ reason: FailureReason) { self.reason = reason }
}

/// What an engine sees of one instance.
public struct Observation: Hashable, Sendable {
    public var instance: Identifier<Instance>
    public var workload: Identifier<Workload>
    public var phase: Phase
    public var startedAt: Timestamp?
    public var endedAt: Timestamp?
    /// Where the instance is reached from the host, while it runs.
    public var address: String?
    /// Of an instance that has ended: how often the kernel killed something of it for memory.
    public var memoryKills: Int64

    public init(
        instance: Identifier<Instance>, workload: Identifier<Workload>, phase: Phase, startedAt: Timestamp?,
        endedAt: Timestamp?, address: String?, memoryKills: Int64 = 0
    ) {
        self.instance = instance
        self.workload = workload
        self.phase = phase
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.address = address
        self.memoryKills = memoryKills
    }

    public enum Phase: Hashable, Sendable {
        /// Made, not started: a launch was cut short.
        case created
        case running
        case succeeded
        case failed(FailureReason)
    }
}
