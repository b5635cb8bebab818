public import WeirModel

/// What runs containers: one machine's Podman, or a cluster. Only the Reconciler calls `launch`, `stop` and `remove`.
///
/// Instances belong to one installation; an engine shows and touches no others. Every call can be repeated: a second
/// `launch` of an instance that is there adopts it, a `stop` or `remove` of one that is gone succeeds.
public protocol Engine: Sendable {
    /// What the zone has to give.
    func capacity() async throws -> EngineCapacity

    /// The image's digest and labels; nil when it is not there. Pulls nothing.
    func image(_ reference: String) async throws -> EngineImage?
    func images() async throws -> [EngineImage]
    func pull(_ reference: String, progress: @Sendable (String) -> Void) async throws -> EngineImage
    /// Builds an image from a folder with a `Containerfile`; each line of the build's output goes to `progress`.
    func build(_ build: ImageBuild, progress: @escaping @Sendable (String) -> Void) async throws -> EngineImage

    /// Makes the workspace's network and its isolation, if they are not there.
    func prepareNetwork(for workspace: Identifier<Workspace>) async throws
    func removeNetwork(for workspace: Identifier<Workspace>) async throws

    /// Creates and starts a container. Throws `LaunchFailure` when the container cannot run.
    func launch(_ launch: Launch) async throws -> Observation
    /// Asks the instance to end, and ends it when `grace` is over. Returns when it has ended.
    func stop(_ instance: Identifier<Instance>, grace: Duration) async throws
    /// Removes what is left of an ended or running instance: container, scratch.
    func remove(_ instance: Identifier<Instance>) async throws

    /// Every instance of this installation, ended ones among them until they are removed.
    func observe() async throws -> [Observation]
    func observe(_ instance: Identifier<Instance>) async throws -> Observation?
    /// Instances that started or ended, as it happens. A hint: the truth is `observe`.
    func changes() -> AsyncStream<Identifier<Instance>>

    func usage(of instance: Identifier<Instance>) async throws -> InstanceUsage?
    /// How busy each accelerator is, in percent by its CDI name; those that cannot be read are left out.
    func acceleratorUse() async throws -> [String: Int]
    func processes(in instance: Identifier<Instance>) async throws -> [InstanceProcess]
    /// Runs a command in the instance and waits for its end.
    func run(_ command: [String], in instance: Identifier<Instance>) async throws -> CommandResult
    /// Starts a command with a terminal in the instance.
    func terminal(_ command: [String], in instance: Identifier<Instance>, size: TerminalSize) async throws -> any TerminalSession
    /// Where commands are run whose streams, exit status and signals matter: for the SSH gateway.
    func commands(in instance: Identifier<Instance>) async throws -> any CommandPlace
}

public struct EngineCapacity: Hashable, Sendable {
    /// Thousandths of a core.
    public var cpu: Int
    public var memory: Bytes
    public var gpus: [EngineGPU]

    public init(cpu: Int, memory: Bytes, gpus: [EngineGPU] = []) {
        self.cpu = cpu
        self.memory = memory
        self.gpus = gpus
    }
}

public struct EngineGPU: Hashable, Sendable {
    /// CDI name: `nvidia.com/gpu=0`.
    public var device: String
    /// 0 when it is not known.
    public var memory: Bytes
    /// The maker's name of the model, as the driver says it; empty when it is not known.
    public var model: String

    public init(device: String, memory: Bytes, model: String = "") {
        self.device = device
        self.memory = memory
        self.model = model
    }

    /// CDI kind: `nvidia.com/gpu` (QUO-10).
    public var kind: String { String(device.prefix { $0 != "=" }) }
}

public struct EngineImage: Hashable, Sendable {
    public var reference: String
    /// `sha256:` and 64 hexadecimal digits: the image's id, which does not change when a tag moves.
    public var digest: String
    public var labels: [String: String]
    public var size: Bytes

    public init(reference: String, digest: String, labels: [String: String], size: Bytes) {
        self.reference = reference
        self.digest = digest
        self.labels = labels
        self.size = size
    }
}

public struct ImageBuild: Hashable, Sendable {
    /// The folder with the `Containerfile` and what it copies.
    public var context: String
    public var tag: String
    public var labels: [String: String]
    public var arguments: [String: String]

    public init(context: String, tag: String, labels: [String: String] = [:], arguments: [String: String] = [:]) {
        self.context = context
        self.tag = tag
        self.labels = labels
        self.arguments = arguments
    }
}

public struct CommandResult: Hashable, Sendable {
    public var exitCode: Int
    /// Standard output and standard error, 1 MiB at most.
    public var output: String

    public init(exitCode: Int, output: String) {
        self.exitCode = exitCode
        self.output = output
    }
}

public struct InstanceUsage: Hashable, Sendable {
    /// Processor time used since the start.
    public var cpu: Duration
    public var memory: Bytes
    public var memoryLimit: Bytes
    public var processes: Int
    /// The number of times that the kernel killed something of it for memory.
    public var memoryKills: Int64
    /// Bytes that came and went over its network since the start; nil where that is not known.
    public var network: Int64?
    /// Bytes that it read from disks and wrote to them since the start; nil where that is not known.
    public var disk: Int64?

    public init(
        cpu: Duration, memory: Bytes, memoryLimit: Bytes, processes: Int, memoryKills: Int64 = 0, network: Int64? = nil,
        disk: Int64? = nil
    ) {
        self.cpu = cpu
        self.memory = memory
        self.memoryLimit = memoryLimit
        self.processes = processes
        self.memoryKills = memoryKills
        self.network = network
        self.disk = disk
    }
}

public struct InstanceProcess: Hashable, Sendable, Codable {
    /// As seen from inside of the instance.
    public var pid: Int
    public var parent: Int
    public var memory: Bytes
    public var elapsedSeconds: Int
    public var command: String

    public init(pid: Int, parent: Int, memory: Bytes, elapsedSeconds: Int, command: String) {
        self.pid = pid
        self.parent = parent
        self.memory = memory
        self.elapsedSeconds = elapsedSeconds
        self.command = command
    }
}
