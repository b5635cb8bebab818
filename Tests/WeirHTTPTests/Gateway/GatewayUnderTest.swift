import Crypto
import Logging
import NIOCore
import NIOPosix
import TestSupport
import WeirEngine
import WeirHTTP
import WeirModel
import WeirPlatform

/// A gateway on a free port, with the routes, tokens and clock that a test moves.
struct GatewayUnderTest: Sendable {
    let clock: ManualClock
    let routes: RouteTable
    let tokens: EntryTokens
    let port: Int
    let events: AsyncStream<GatewayServer.Event>

    let account: Identifier<Account>
    /// By which the account, and whoever else enters, has come.
    let login: LoginReference
    let workspace: Identifier<Workspace>
    let workload: Identifier<Workload>

    static func with(
        tls: GatewaySettings.TLS? = nil, assets: FrontendAssets? = nil,
        change: (inout GatewaySettings) -> Void = { _ in },
        openTerminal: @escaping GatewayServer.OpenTerminal = { _, _, _ in throw WeirError.notFound("terminal") },
        _ body: @Sendable (GatewayUnderTest) async throws -> Void
    ) async throws {
        let clock = ManualClock()
        let routes = RouteTable(clock: clock)
        let tokens = EntryTokens(key: SymmetricKey(size: .bits256), clock: clock)
        var settings = GatewaySettings(port: 0, tls: tls)
        settings.drainTime = .seconds(2)
        change(&settings)
        let (events, event) = AsyncStream.makeStream(of: GatewayServer.Event.self)
        let server = GatewayServer(
            settings: settings, routes: routes, tokens: tokens, assets: assets, clock: clock,
            group: MultiThreadedEventLoopGroup.singleton,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            openTerminal: openTerminal, onEvent: { event.yield($0) })
        let ids = RandomIdentifiers()
        let now = clock.now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            var iterator = events.makeAsyncIterator()
            guard case .listening(let port) = await iterator.next() else { return }
            let gateway = GatewayUnderTest(
                clock: clock, routes: routes, tokens: tokens, port: port, events: events,
                account: ids.next(Account.self, at: now), login: .session(ids.next(Session.self, at: now)),
                workspace: ids.next(Workspace.self, at: now),
                workload: ids.next(Workload.self, at: now))
            gateway.routes.setMembers(of: gateway.workspace, to: [gateway.account])
            gateway.routes.begin(LiveLogin(reference: gateway.login, account: gateway.account, endsAt: nil))
            try await body(gateway)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    // MARK: Routes

    func setTool(
        _ tool: String = "jupyter", to destination: ToolRoute.Destination, prefixKept: Bool = true,
        secret: String? = nil
    ) {
        routes.setTool(
            tool, of: workload,
            to: ToolRoute(
                workspace: workspace, destination: destination, prefixKept: prefixKept, upstreamAuthorization: secret))
    }

    func setTool(port: Int, prefixKept: Bool = true, secret: String? = nil) {
        setTool(to: .backend(Backend(host: "127.0.0.1", port: port)), prefixKept: prefixKept, secret: secret)
    }

    /// Opens an external port before these backends, and waits until it listens.
    func openPort(_ mode: PortMode = .http, to backends: [Int], reason: LocalizedText? = nil) async -> Int {
        for number in [Int](20_000..<30_000).shuffled().prefix(20) {
            routes.setPort(
                number,
                to: PortRoute(
                    workload: workload, workspace: workspace, mode: mode,
                    backends: backends.map { Backend(host: "127.0.0.1", port: $0) }, reason: reason))
            if await next(of: number) == .opened(port: number) { return number }
            routes.removePort(number)
        }
        return 0
    }

    /// The next event about this port.
    func next(of number: Int) async -> GatewayServer.Event? {
        for await event in events {
            switch event {
            case .opened(number), .closed(number), .failed(number, _): return event
            default: continue
            }
        }
        return nil
    }

    // MARK: Entering

    /// The path of the tool, with its slash.
    func path(_ tool: String = "jupyter") -> String { ToolName.path(of: tool, in: workload) }

    /// Enters as a browser does, and returns the cookie.
    func enter(_ tool: String = "jupyter", as account: Identifier<Account>? = nil) async throws -> String {
        let token = try tokens.issue(to: account ?? self.account, as: login, for: workload, tool: tool)
        let wire = try await Wire.connect(to: port)
        try await wire.send("GET /enter?token=\(token) HTTP/1.1\r\nHost: tools\r\n\r\n")
        let head = try await wire.receive(until: "\r\n\r\n")
        let line = head.split(separator: "\r\n").first { $0.hasPrefix("Set-Cookie: ") }
        return String(line?.dropFirst("Set-Cookie: ".count).prefix { $0 != ";" } ?? "")
    }

    /// One request to the tools' door, and its whole answer.
    func get(_ path: String, cookie: String? = nil, fields: String = "") async throws -> (head: String, body: String) {
        let wire = try await Wire.connect(to: port)
        let cookie = cookie.map { "Cookie: \($0)\r\n" } ?? ""
        try await wire.send("GET \(path) HTTP/1.1\r\nHost: tools\r\n\(cookie)\(fields)\r\n")
        return try await wire.receiveMessage()
    }
}
