import AsyncHTTPClient
import Crypto
import Logging
import NIOPosix
import ServiceLifecycle
import TestSupport
import WeirEngine
import WeirModel
import WeirPlatform
import WeirStore

@testable import WeirHTTP

/// A whole Weir on a port of its own with an engine that only pretends, for one test.
struct TestServer: Sendable {
    let platform: Platform
    let engine: SimulatedEngine
    let clock: any WallClock
    let client: TestClient
    let operatorAccount: User
    let routes: [Route]

    /// Somebody who is logged in.
    struct User: Sendable {
        let login: String
        let id: String
        let secret: String
    }

    static let password = "correct horse battery"

    /// Runs a server for as long as `body` takes.
    static func with(
        clock: any WallClock = SystemClock(), signUpIsOpen: Bool = true, mostStreams: Int = 1000, warnings: [Complaint] = [],
        names: HostNames = HostNames(), probe: (any HealthProbe)? = nil,
        _ body: @Sendable @escaping (TestServer) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder("weir-http")
        defer { withExtendedLifetime(folder) {} }
        var logger = Logger(label: "weir.test")
        logger.logLevel = .critical
        let store = try Store(path: folder.path + "/weir.sqlite")
        let engine = SimulatedEngine(clock: clock)
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: .init(redirectConfiguration: .disallow))
        let files = FileStore(
            layout: StorageLayout(root: folder.path + "/files"), pool: .singleton, tools: .singleton)
        let platform = try Platform(
            settings: Platform.Settings(
                signUpIsOpen: signUpIsOpen, gatewayURL: "http://gateway.test", gatewayHost: "gateway.test"),
            installation: try await Installation(store: store), store: store, files: files, engine: engine,
            client: client, threads: .singleton, clock: clock, probe: probe, logger: logger)
        let small = Flavor(
            name: "cpu-small", cpu: 1000, memory: .gib(2), scratch: .gib(4), pricePerHour: Points(1))
        let large = Flavor(
            name: "cpu-large", cpu: 4000, memory: .gib(8), scratch: .gib(8), longestRun: 86_400, pricePerHour: Points(4))
        try await platform.prepare(flavors: [small, large], prices: Tariff(of: [small, large]), at: clock.now())
        try await registerImage(platform, engine)

        let (ports, portSource) = AsyncStream<Int>.makeStream()
        let server = try WeirServer(
            HTTPSettings(port: 0, mostStreams: mostStreams, version: "test", signUpIsOpen: signUpIsOpen, names: names), platform,
            health: Health(problems: { [] }, warnings: { warnings }, gauges: { [] }), logger: logger,
            onRunning: { portSource.yield($0) })
        let services: [any Service] = platform.loops + [server]
        let group = ServiceGroup(configuration: .init(services: services, logger: logger))
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                tasks.addTask {
                    guard let port = await ports.first(where: { _ in true }) else { return }
                    let api = TestClient(base: "http://127.0.0.1:\(port)", client: client)
                    let operatorAccount = try await addUser("root", isOperator: true, to: store, at: clock.now())
                    try await body(
                        TestServer(
                            platform: platform, engine: engine, clock: clock, client: api,
                            operatorAccount: operatorAccount, routes: server.routes))
                    await group.triggerGracefulShutdown()
                }
                // A failed test cancels the server; a stopped server ends the test.
                do {
                    try await tasks.next()
                    try await tasks.next()
                } catch {
                    await group.triggerGracefulShutdown()
                    throw error
                }
            }
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
        try store.close()
    }

    /// An official image with JupyterLab and TensorBoard.
    private static func registerImage(_ platform: Platform, _ engine: SimulatedEngine) async throws {
        let labels = [
            "weir.tool.jupyterlab.command": "jupyter lab", "weir.tool.jupyterlab.port": "8888",
            "weir.tool.tensorboard.command": "tensorboard", "weir.tool.tensorboard.port": "6006",
        ]
        let image = EngineImage(
            reference: "weir/notebook", digest: "sha256:" + String(repeating: "a", count: 64), labels: labels,
            size: .mib(900))
        engine.add(image)
        _ = try await platform.images.register(image, for: nil)
    }

    /// Somebody who is logged in already: to make a password's hash takes long on purpose.
    private static func addUser(
        _ login: String, isOperator: Bool = false, to store: Store, at now: Timestamp
    ) async throws -> User {
        let identifiers = RandomIdentifiers()
        let account = AccountRecord(
            id: identifiers.next(Account.self, at: now), login: login, displayName: login, passwordHash: "none",
            isOperator: isOperator, mustChangePassword: false, createdAt: now)
        let secret = "weirs_\(account.id)"
        let hash = SHA256.hash(data: Array(secret.utf8)).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }
        let session = SessionRecord(
            id: identifiers.next(Session.self, at: now), account: account.id, secretHash: hash.joined(),
            createdAt: now, expiresAt: now + .seconds(3600))
        try await store.write { db in
            try db.insert(account)
            try db.insert(session)
        }
        return User(login: login, id: account.id.text, secret: secret)
    }

    /// A new account, logged in; it has no password that anybody knows.
    func user(_ login: String) async throws -> User { try await Self.addUser(login, to: platform.store, at: clock.now()) }

    /// A new account made through the API, with `TestServer.password`.
    func signUp(_ login: String) async throws {
        _ = try await client.send(
            "POST", "/api/v1/accounts/sign-up",
            json: ["login": .text(login), "display_name": .text(login), "password": .text(Self.password)])
    }

    /// Sends a request of the API as somebody, and wants it to succeed.
    @discardableResult
    func api(
        _ user: User, _ method: String, _ path: String, _ json: JSONText? = nil, headers: [(String, String)] = []
    ) async throws -> TestClient.Answer {
        let answer = try await client.send(
            method, "/api/v1/" + path, json: json, secret: user.secret, headers: headers)
        guard (200..<300).contains(answer.status) else {
            throw UnexpectedAnswer(request: "\(method) \(path)", status: answer.status, body: answer.body)
        }
        return answer
    }

    struct UnexpectedAnswer: Error {
        let request: String
        let status: Int
        let body: String
    }

    /// The identifiers of a workspace and a project in it.
    func project(of user: User, _ name: String = "digits") async throws -> (workspace: String, project: String) {
        let workspace = try await api(user, "POST", "workspaces", ["name": .text("\(user.login)-\(name)")])["id"].text
        let project = try await api(
            user, "POST", "workspaces/\(workspace)/projects", ["name": .text(name)])["id"].text
        return (workspace, project)
    }
}
