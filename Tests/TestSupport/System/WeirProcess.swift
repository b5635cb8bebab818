import AsyncHTTPClient
import Foundation
import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
public import WeirEngine
public import WeirModel
import WeirPlatform
import WeirStore

/// The real `weir serve` on a folder and ports of its own, with the host's Podman: to be started, killed and started again.
public actor WeirProcess {
    public nonisolated let folder: TemporaryFolder
    /// An engine on the same installation, that only looks.
    public nonisolated let engine: PodmanEngine
    public nonisolated let api: String
    public nonisolated let gateway: String
    public nonisolated let sshPort: Int
    public nonisolated let image = TestImage.reference
    public nonisolated let executable: String
    private let arguments: [String]
    private var process: Process?
    private var ended: AsyncStream<Void>?
    public private(set) var starts = 0

    public struct Failure: Error, CustomStringConvertible {
        public let description: String

        public init(_ description: String) { self.description = description }
    }

    /// Runs `body` with a Weir that has been started, and removes all that it made, also when `body` throws.
    public static func with<Result: Sendable>(_ body: @Sendable (WeirProcess) async throws -> Result) async throws -> Result {
        let weir = try await WeirProcess()
        let result: Swift.Result<Result, any Error>
        do {
            try await weir.start()
            try await weir.untilReady()
            result = .success(try await body(weir))
        } catch {
            result = .failure(error)
        }
        await weir.kill()
        try await weir.engine.removeAll()
        try await weir.engine.shutdown()
        return try result.get()
    }

    private init() async throws {
        folder = try TemporaryFolder("weir-system")
        let repository = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../..").standardizedFileURL.path
        executable = ProcessInfo.processInfo.environment["WEIR"] ?? repository + "/.build/debug/weir"
        guard FileManager.default.isExecutableFile(atPath: executable) else {
            throw Failure("\(executable) is not there: `swift build --product weir`")
        }
        let ports = try Wire.lastingPorts(3)
        api = "127.0.0.1:\(ports[0])"
        gateway = "127.0.0.1:\(ports[1])"
        sshPort = ports[2]
        // Three of it fill the machine; none uses it.
        let third = ProcessInfo.processInfo.physicalMemory / 1024 / 1024 * 3 / 10
        let lowest = Int.random(in: 200...280) * 100
        try """
        data: \(folder.path)/data
        api: { listen: "\(api)" }
        gateway: { listen: "\(gateway)", ports: \(lowest)-\(lowest + 99) }
        ssh: { listen: "127.0.0.1:\(ports[2])" }
        engine: { cpu_overcommit: 16 }
        flavors:
          - { name: nano, cpu: 0.2, memory: 64MiB, scratch: 16MiB, price_per_hour: "0.1" }
          - { name: third, cpu: 0.2, memory: \(third)MiB, scratch: 16MiB, price_per_hour: "0.1" }
        """.write(toFile: folder.path + "/weir.yaml", atomically: true, encoding: .utf8)
        arguments = ["serve", "--config", folder.path + "/weir.yaml"]

        // The image is put into the list before the first start: no route takes an image that a test has made.
        let data = folder.path + "/data"
        try FileManager.default.createDirectory(
            atPath: data, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        let store = try Store(path: data + "/weir.sqlite")
        let installation = try await Installation(store: store)
        let profile = await HostProfile.detect()
        var logger = Logger(label: "weir.test")
        logger.logLevel = .error
        let socket = try await PodmanService(profile: profile, logger: logger).ensure()
        engine = PodmanEngine(
            configuration: PodmanConfiguration(
                socket: socket, installation: installation.id, host: profile, scratchFolder: data + "/scratch"),
            clock: SystemClock(), logger: logger)
        do {
            try await Self.offerTestImage(engine, in: store)
        } catch {
            try? await engine.shutdown()
            throw error
        }
        try store.close()
    }

    private static func offerTestImage(_ engine: PodmanEngine, in store: Store) async throws {
        _ = try await TestImage.busybox(engine)
        if let image = try await engine.image(TestImage.reference) {
            let now = SystemClock().now()
            try await store.write { db in
                try db.put(
                    ImageRecord(
                        id: RandomIdentifiers().next(WeirModel.Image.self, at: now), workspace: nil,
                        reference: image.reference, digest: image.digest, labels: image.labels, size: image.size,
                        createdAt: now))
            }
        }
    }

    /// What the server has written so far.
    public var log: String { (try? String(contentsOfFile: folder.path + "/serve.log", encoding: .utf8)) ?? "" }

    public nonisolated var oneTimePassword: String {
        get throws { try String(contentsOfFile: folder.path + "/data/operator-one-time-password", encoding: .utf8) }
    }

    public func start() throws {
        let path = folder.path + "/serve.log"
        if !FileManager.default.fileExists(atPath: path) { try Data().write(to: URL(fileURLWithPath: path)) }
        guard let file = FileHandle(forWritingAtPath: path) else { throw Failure("cannot write \(path)") }
        file.seekToEndOfFile()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        // A variable that names a key of the configuration would be stronger than the file.
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("WEIR_") }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = file
        process.standardError = file
        let (ended, end) = AsyncStream<Void>.makeStream()
        process.terminationHandler = { _ in end.finish() }
        try process.run()
        self.process = process
        self.ended = ended
        starts += 1
    }

    /// SIGKILL; returns when the process is gone.
    public func kill() async { await send(SIGKILL) }

    /// SIGTERM; returns when the process is gone.
    public func stop() async { await send(SIGTERM) }

    private func send(_ signal: Int32) async {
        guard let process, let ended else { return }
        Glibc.kill(process.processIdentifier, signal)
        for await _ in ended {}
        self.process = nil
    }

    /// What is wrong with the money of these workloads, all of which have ended, by the server's own database.
    public func moneyViolations(of workloads: [Identifier<Workload>], within limit: Duration = .seconds(30)) async throws -> [String] {
        let store = try Store(path: folder.path + "/data/weir.sqlite")
        var logger = Logger(label: "weir.test")
        logger.logLevel = .critical
        // Only to read by: its loops do not run.
        let platform = try Platform(
            settings: Platform.Settings(gatewayURL: "http://gateway.test", gatewayHost: "gateway.test"),
            installation: try await Installation(store: store), store: store,
            files: FileStore(layout: StorageLayout(root: folder.path + "/none"), pool: .singleton, tools: .singleton),
            engine: SimulatedEngine(clock: SystemClock()), client: .shared, threads: .singleton, logger: logger)
        let deadline = ContinuousClock.now + limit
        var found = try await platform.moneyViolations(of: workloads)
        while !found.isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(200))
            found = try await platform.moneyViolations(of: workloads)
        }
        try store.close()
        return found
    }

    public func untilReady(within limit: Duration = .seconds(30)) async throws {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            let answer = try? await HTTPClient.shared.execute(
                HTTPClientRequest(url: "http://\(api)/readyz"), timeout: .seconds(5))
            if answer?.status == .ok { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw Failure("not ready after \(limit):\n\(log.suffix(2000))")
    }
}
