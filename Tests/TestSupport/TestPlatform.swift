import AsyncHTTPClient
import Logging
import NIOPosix
import Synchronization
public import WeirEngine
public import WeirModel
public import WeirPlatform
public import WeirStore

/// A platform on a folder of its own with an engine that only pretends. Its loops run inside `running`; to run them
/// again on the same folder and engine is what a kill and a new start are.
public final class TestPlatform: Sendable {
    public let folder: TemporaryFolder
    public let clock: any WallClock
    public let store: Store
    public let engine: SimulatedEngine
    public let health: SettableHealth
    private let timeZone: String
    private let billingIsEnforced: Bool
    private let simulatedAccelerators: [SimulatedAccelerators]
    private let flavors: [Flavor]

    /// The small flavor is a quarter of the zone.
    public static let small = Flavor(
        name: "small", cpu: 2000, memory: .gib(8), scratch: .gib(1), pricePerHour: Points(1))

    public static let tiny = Flavor(name: "tiny", cpu: 1000, memory: .gib(2), scratch: .gib(1), pricePerHour: Points(1))

    /// As small, at half the price, and gives way.
    public static let spot = Flavor(
        name: "spot", cpu: 2000, memory: .gib(8), scratch: .gib(1), isPreemptible: true, pricePerHour: Points(micro: 500_000))

    public static let flavors = [small, tiny, spot]

    public init(
        clock: any WallClock = SystemClock(), timeZone: String = "Asia/Shanghai", billingIsEnforced: Bool = true,
        simulatedAccelerators: [SimulatedAccelerators] = [], flavors: [Flavor] = TestPlatform.flavors, folder: TemporaryFolder? = nil
    ) throws {
        self.simulatedAccelerators = simulatedAccelerators
        self.flavors = flavors
        self.timeZone = timeZone
        self.folder = try folder ?? TemporaryFolder("weir-platform")
        self.clock = clock
        self.billingIsEnforced = billingIsEnforced
        store = try Store(path: self.folder.path + "/weir.sqlite")
        engine = SimulatedEngine(clock: clock)
        health = SettableHealth()
    }

    /// A platform as one start of Weir makes it.
    public func start(engine other: (any Engine)? = nil, wall: any StorageWall = NoWall()) async throws -> Platform {
        var logger = Logger(label: "weir.test")
        logger.logLevel = .critical
        let platform = try Platform(
            settings: Platform.Settings(
                signUpIsOpen: true, simulatedAccelerators: simulatedAccelerators, gatewayURL: "http://gateway.test",
                gatewayHost: "gateway.test", timeZone: timeZone,
                billingIsEnforced: billingIsEnforced),
            installation: try await Installation(store: store), store: store,
            files: FileStore(layout: StorageLayout(root: folder.path + "/files"), pool: .singleton, tools: .singleton, wall: wall),
            engine: other ?? engine, client: .shared, threads: .singleton, clock: clock, probe: health, logger: logger)
        try await platform.prepare(flavors: flavors, prices: Tariff(of: flavors), at: clock.now())
        return platform
    }

    /// Runs the Reconciler and the Settlement of a new start for as long as `body` takes, then cuts it off.
    public func running<Result: Sendable>(
        engine: (any Engine)? = nil, wall: any StorageWall = NoWall(), _ body: @Sendable (Platform) async throws -> Result
    ) async throws -> Result {
        let platform = try await start(engine: engine, wall: wall)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await platform.reconciler.run() }
            group.addTask { try await platform.forecasts.run() }
            group.addTask { try await platform.settlement.run() }
            defer { group.cancelAll() }
            return try await body(platform)
        }
    }

    /// An account with a workspace, a project and an image to run.
    public func tenant(_ login: String = "ada", on platform: Platform) async throws -> Tenant {
        // Written straight into the store: a password's hash would take longer than the rest of a test.
        let account = AccountRecord(
            id: RandomIdentifiers().next(Account.self, at: clock.now()), login: login, displayName: login,
            passwordHash: "none", isOperator: false, mustChangePassword: false, createdAt: clock.now())
        try await store.write { try $0.insert(account) }
        let caller = Caller(account)
        let workspace = try await platform.workspaces.create(name: login, by: caller)
        let project = try await platform.projects.create(in: workspace.id, name: "digits", by: caller)
        let image = EngineImage(
            reference: "weir/notebook", digest: "sha256:" + String(repeating: "a", count: 64),
            labels: [
                "weir.tool.jupyterlab.command": "jupyter lab", "weir.tool.jupyterlab.port": "8888",
                "weir.tool.tensorboard.command": "tensorboard", "weir.tool.tensorboard.port": "6006",
            ], size: 1)
        engine.add(image)
        _ = try await platform.images.register(image, for: nil)
        return Tenant(caller: caller, workspace: workspace.id, project: project.id)
    }

    public struct Tenant: Sendable {
        public let caller: Caller
        public let workspace: Identifier<Workspace>
        public let project: Identifier<Project>

        public func submission(_ name: String, flavor: String = "small") -> Submission {
            Submission(name: name, image: "weir/notebook", flavor: flavor)
        }

        public func job(
            _ name: String, flavor: String = "small", timeLimit: Int? = nil, on platform: Platform
        ) async throws -> WorkloadRecord {
            try await platform.jobs.create(
                submission(name, flavor: flavor), command: "python train.py", timeLimit: timeLimit, in: project, by: caller)
        }
    }
}

/// A health check whose answer a test decides.
public final class SettableHealth: HealthProbe {
    private let answer = Mutex(true)

    public init() {}

    public func set(_ healthy: Bool) { answer.withLock { $0 = healthy } }

    public func isHealthy(_ target: HealthTarget) async -> Bool { answer.withLock { $0 } }
}

extension Platform {
    /// Waits for the workload to be as described; throws when that does not come true.
    public func wait(
        for id: Identifier<Workload>, within limit: Duration = .seconds(60),
        _ isSo: @escaping @Sendable (WorkloadRecord?) async throws -> Bool
    ) async throws {
        let changes = signals.changes(in: nil)
        let isThere = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                // Routes change after the state that they follow from, and nobody is told: hence the ticks beside.
                for await _ in changes where try await isSo(self.store.read { try $0.workload(id) }) { return true }
                return false
            }
            group.addTask {
                while true {
                    if try await isSo(self.store.read { try $0.workload(id) }) { return true }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            group.addTask {
                try await Task.sleep(for: limit)
                return false
            }
            defer { group.cancelAll() }
            return try await group.next() ?? false
        }
        guard isThere else { throw NeverCameTrue(workload: try await store.read { try $0.workload(id) }) }
    }

    public func wait(for workload: WorkloadRecord, toBe state: WorkloadState) async throws {
        try await wait(for: workload.id) { $0?.state == state }
    }
}

public struct NeverCameTrue: Error, CustomStringConvertible {
    let workload: WorkloadRecord?

    public var description: String {
        "waited in vain; the workload is \(workload.map { "\($0.state), \(String(describing: $0.failure))" } ?? "gone")"
    }
}
