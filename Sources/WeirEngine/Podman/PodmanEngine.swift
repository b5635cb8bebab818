import AsyncHTTPClient
import Foundation
public import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
public import WeirModel

/// Runs instances as containers of one machine's Podman.
///
/// Call `run()` for as long as the engine is used, and `shutdown()` at the end.
public final class PodmanEngine: Engine {
    let configuration: PodmanConfiguration
    let podman: PodmanSocket
    let networks: WorkspaceNetworks
    let disk: InstanceDisk
    let sharing: MPSDaemons
    let marks: StopMarks
    let seccomp: SeccompFile
    let feed: ChangeFeed
    let clock: any WallClock
    let logger: Logger
    let known = KnownContainers()
    let places = RuntimePlaces()
    let logs: LogKeeper
    let kills = MemoryKills()

    public init(configuration: PodmanConfiguration, clock: any WallClock, logger: Logger) {
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        podman = PodmanSocket(path: configuration.socket)
        networks = WorkspaceNetworks(
            podman: podman, installation: configuration.installation, prefix: configuration.networkPrefix,
            egress: configuration.egress)
        disk = InstanceDisk(
            folder: configuration.scratchFolder, way: configuration.host.scratch, reserve: configuration.reserve, podman: podman)
        sharing = MPSDaemons(folder: configuration.mpsFolder, logger: logger)
        marks = StopMarks(folder: configuration.scratchFolder)
        seccomp = SeccompFile(
            folder: configuration.scratchFolder, profile: SeccompProfile(allowsNesting: configuration.nestedNamespaces))
        logs = LogKeeper(limit: configuration.logLimit, logger: logger)
        feed = ChangeFeed(podman: podman, installation: configuration.installation, logger: logger)
    }

    /// Follows Podman's events, keeps logs, tells instances what was killed of them for memory, and ends those whose root layer outgrows its
    /// limit. Returns when it is cancelled.
    public func run() async {
        RuntimePlace.hangUpOnLeft(of: configuration.installation)
        await clearLeftCommits()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.feed.run() }
            group.addTask { await self.watchRootLayers() }
            group.addTask { await self.watchMemory() }
            group.addTask { await self.logs.run() }
        }
    }

    /// Closes the connections to Podman. Containers go on running.
    public func shutdown() async throws { try await podman.shutdown() }

    public func changes() -> AsyncStream<Identifier<Instance>> { feed.changes() }

    public func capacity() async throws -> EngineCapacity {
        struct Info: Decodable {
            var host: Host
            struct Host: Decodable {
                var cpus: Int
                var memTotal: Int64
            }
        }
        let info = try podman.decode(Info.self, from: await podman.call(.GET, "/info"))
        return EngineCapacity(
            cpu: info.host.cpus * 1000, memory: Bytes(info.host.memTotal), gpus: configuration.host.gpus)
    }

    public func prepareNetwork(for workspace: Identifier<Workspace>) async throws {
        try await networks.prepare(workspace)
    }

    public func removeNetwork(for workspace: Identifier<Workspace>) async throws {
        try await networks.remove(workspace)
    }
}

/// What is known of containers and does not change: spares an inspection each time that all are observed.
final class KnownContainers: Sendable {
    private let entries = Mutex<[String: Entry]>([:])

    struct Entry: Sendable {
        /// Podman's word for the state in which the rest was read.
        var state: String
        var observation: Observation
        /// The container's cgroup as the kernel names it, while it runs.
        var cgroup: String?
        var memory: Bytes
        /// The host's number of its first process, while it runs.
        var process: Int
        /// When that process began, as the kernel says it.
        var began: String?
    }

    subscript(_ id: String) -> Entry? {
        get { entries.withLock { $0[id] } }
        set { entries.withLock { $0[id] = newValue } }
    }

    func entry(of instance: Identifier<Instance>) -> Entry? {
        entries.withLock { $0.values.first { $0.observation.instance == instance } }
    }

    func running() -> [Entry] { entries.withLock { $0.values.filter { $0.observation.phase == .running } } }

    func forget(_ instance: Identifier<Instance>) {
        entries.withLock { entries in entries = entries.filter { $0.value.observation.instance != instance } }
    }

    /// Forgets the containers that are gone.
    func keep(only ids: Set<String>) {
        entries.withLock { entries in entries = entries.filter { ids.contains($0.key) } }
    }
}
