import Foundation
import Logging
public import WeirEngine
public import WeirModel

/// A real engine with an installation of its own, and the removal of everything that the installation made.
public struct TestEngine: Sendable {
    public let engine: PodmanEngine
    public let image: String
    public let folder: TemporaryFolder
    public let configuration: PodmanConfiguration
    private let ids = RandomIdentifiers()

    /// Runs `body` with an engine whose installation is new, and cleans up behind it, also when it throws.
    public static func with<Result: Sendable>(
        egress: Egress = .open(), caBundle: String? = nil, ownUsers: Bool = true, nestedNamespaces: Bool = false, reserve: Bytes? = nil,
        logLimit: Int64 = 64 << 20, _ body: @Sendable (TestEngine) async throws -> Result
    ) async throws -> Result {
        let test = try await make(
            egress: egress, caBundle: caBundle, ownUsers: ownUsers, nestedNamespaces: nestedNamespaces, reserve: reserve,
            logLimit: logLimit)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await test.engine.run() }
            let result: Swift.Result<Result, any Error>
            do {
                result = .success(try await body(test))
            } catch {
                result = .failure(error)
            }
            group.cancelAll()
            try await group.waitForAll()
            try await test.close()
            return try result.get()
        }
    }

    /// For a caller that runs `engine.run()` itself; `close()` at the end.
    /// `ownUsers: false` is a host without a range of users for containers.
    public static func make(
        egress: Egress = .open(), caBundle: String? = nil, ownUsers: Bool = true, nestedNamespaces: Bool = false, reserve: Bytes? = nil,
        logLimit: Int64 = 64 << 20
    ) async throws -> TestEngine {
        let logger = Logger(label: "weir.test")
        var profile = await HostProfile.detect()
        if !ownUsers { profile.userNamespaceObstacle = .forbidden }
        let socket = try await PodmanService(profile: profile, logger: logger).ensure()
        let folder = try TemporaryFolder("weir-engine")
        let installation = "t" + String(UInt32.random(in: .min ... .max), radix: 36)
        let configuration = PodmanConfiguration(
            socket: socket, installation: installation, host: profile, caBundle: caBundle,
            scratchFolder: folder.path + "/scratch", egress: egress, logLimit: logLimit, reserve: reserve,
            nestedNamespaces: nestedNamespaces)
        let engine = PodmanEngine(configuration: configuration, clock: SystemClock(), logger: logger)
        do {
            let image = try await TestImage.busybox(engine)
            return TestEngine(engine: engine, image: image, folder: folder, configuration: configuration)
        } catch {
            try await engine.shutdown()
            throw error
        }
    }

    /// Another engine on the same installation, as after a new start of Weir. Its caller shuts it down.
    public func again() -> PodmanEngine {
        PodmanEngine(configuration: configuration, clock: SystemClock(), logger: Logger(label: "weir.test"))
    }

    public func close() async throws {
        let outcome: Result<Void, any Error>
        do {
            outcome = .success(try await engine.removeAll())
        } catch {
            outcome = .failure(error)
        }
        try await engine.shutdown()
        try outcome.get()
    }

    public func workspace() -> Identifier<Workspace> { ids.next(Workspace.self, at: SystemClock().now()) }

    /// A launch of a shell script in the test image, with small limits.
    public func launch(
        _ script: String, in workspace: Identifier<Workspace>? = nil, memory: Bytes = .mib(64), cpu: Int = 1000,
        scratch: Bytes = 0, processes: Int = 64, mounts: [Launch.Mount] = [], isEntered: Bool = false, hostName: String = "node"
    ) -> Launch {
        let instance = ids.next(Instance.self, at: SystemClock().now())
        return Launch(
            instance: instance, workload: ids.next(Workload.self, at: SystemClock().now()),
            workspace: workspace ?? self.workspace(), image: image, command: ["sh", "-c", script], workingDirectory: "/root",
            environment: ["GREETING": "hello"], mounts: mounts,
            flavor: Flavor(
                name: "test", cpu: cpu, memory: memory, scratch: scratch, processes: processes, pricePerHour: 0),
            hostName: hostName, isEntered: isEntered, logFile: "\(folder.path)/\(instance).log")
    }

    /// Waits until the instance has ended, and returns how.
    public func ended(_ instance: Identifier<Instance>, within limit: Duration = .seconds(20)) async throws -> Observation {
        let deadline = ContinuousClock.now + limit
        while true {
            guard let seen = try await engine.observe(instance) else { throw LaunchFailure(.lost) }
            switch seen.phase {
            case .created, .running: break
            case .succeeded, .failed: return seen
            }
            guard ContinuousClock.now < deadline else { throw LaunchFailure(.unhealthy(detail: "did not end in time")) }
            try await Task.sleep(for: .milliseconds(30))
        }
    }

    /// Waits until the instance has written a line with this text, and returns all that it wrote.
    public func wrote(_ text: String, _ launch: Launch, within limit: Duration = .seconds(20)) async throws -> String {
        let deadline = ContinuousClock.now + limit
        while true {
            let all = try await output(launch)
            if all.contains(text) { return all }
            guard ContinuousClock.now < deadline else {
                throw LaunchFailure(.unhealthy(detail: "never wrote \"\(text)\", but: \(all)"))
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    public func output(_ launch: Launch) async throws -> String {
        try await InstanceLog(path: launch.logFile).read().records.map(\.text).joined(separator: "\n")
    }
}
