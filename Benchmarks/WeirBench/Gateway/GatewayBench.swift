import ArgumentParser
import Crypto
import Foundation
import Logging
import NIOCore
import NIOPosix
import WeirHTTP
import WeirModel
import WeirPlatform

/// The gateway against nginx as a proxy, the same nginx as backend behind both, and the backend alone as the floor.
struct GatewayBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway", abstract: "The gateway against nginx: small answers, downloads, websockets.")

    @Option(help: "Rounds of each measurement; the median counts.") var rounds = 5
    @Option(help: "Seconds of each measurement.") var seconds = 4
    @Option(help: "Clients' connections at once.") var connections = 64
    /// The load generator is this program too, but in a process of its own: it must not share the gateway's event loops.
    @Flag(help: .hidden) var serve = false
    @Option(help: .hidden) var backend = 0
    @Option(help: .hidden) var echo = 0

    func run() async throws {
        if serve { try await runGateway() } else { try await compare() }
    }

    // MARK: The gateway in a child process

    private func runGateway() async throws {
        let clock = SystemClock()
        let routes = RouteTable(clock: clock)
        let ids = RandomIdentifiers()
        let now = clock.now()
        let workspace = ids.next(Workspace.self, at: now)
        let account = ids.next(Account.self, at: now)
        routes.setMembers(of: workspace, to: [account])
        let tool = ids.next(Workload.self, at: now)
        routes.setTool(
            "files", of: tool,
            to: ToolRoute(
                workspace: workspace, destination: .backend(Backend(host: "127.0.0.1", port: backend)),
                prefixKept: false,
                upstreamAuthorization: "token secret"))
        for (number, port) in [(Self.httpPort, backend), (Self.echoPort, echo)] {
            routes.setPort(
                number,
                to: PortRoute(
                    workload: ids.next(Workload.self, at: now), workspace: workspace, mode: .http,
                    backends: [Backend(host: "127.0.0.1", port: port)]))
        }
        let tokens = EntryTokens(key: SymmetricKey(size: .bits256), clock: clock)
        let entry = try tokens.redeem(tokens.issue(to: account, for: tool, tool: "files"))
        try FileHandle.standardOutput.write(contentsOf: Data("\(entry.path) weir_tool=\(entry.cookie)\n".utf8))
        let server = GatewayServer(
            settings: GatewaySettings(port: Self.toolsPort), routes: routes, tokens: tokens, assets: nil, clock: clock,
            group: MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() },
            openTerminal: { _, _, _ in throw WeirError.notFound("terminal") })
        try await server.run()
    }

    private static let toolsPort = 19_480
    private static let httpPort = 19_481
    private static let echoPort = 19_482

    // MARK: The comparison

    private func compare() async throws {
        Build.warn()
        let group = MultiThreadedEventLoopGroup.singleton
        let echoChannel = try await EchoServer.start(on: group)
        let echo = echoChannel.localAddress?.port ?? 0
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("weir-bench-\(getpid())")
        let nginx = Nginx(folder: folder, backendPort: 19_490, proxyPort: 19_491, echoPort: echo)
        let servers = try await nginx.start()
        let gateway = Process()
        gateway.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        gateway.arguments = ["gateway", "--serve", "--backend", "19490", "--echo", "\(echo)"]
        let pipe = Pipe()
        gateway.standardOutput = pipe
        try gateway.run()
        defer {
            for process in servers + [gateway] {
                process.terminate()
                process.waitUntilExit()
            }
            try? FileManager.default.removeItem(at: folder)
        }
        let entrance = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self).split {
            $0.isWhitespace
        }
        for port in [Self.httpPort, Self.echoPort, Self.toolsPort] { try await Tool.wait(for: port) }
        try await small(entrance.map(String.init))
        try await download()
        try await webSocket(echo, group)
        try await echoChannel.close()
    }

    private func small(_ entrance: [String]) async throws {
        var comparison = Comparison(
            title: "1 KiB keep-alive GET, \(connections) connections, external port", unit: "requests/s",
            contenders: ["weir", "nginx", "direct", "weir, tool"], goals: [.atLeast(0.5)])
        func measure(_ url: String, _ more: [String] = []) async throws -> Double {
            let text = try await Tool.output("wrk", ["-t2", "-c\(connections)", "-d\(seconds)s"] + more + [url])
            guard !text.contains("Non-2xx") else { throw Tool.Failure(description: text) }
            return try Tool.number(after: "Requests/sec:", in: text)
        }
        for _ in 0..<rounds {
            comparison.add([
                try await measure("http://127.0.0.1:\(Self.httpPort)/1k"),
                try await measure("http://127.0.0.1:19491/1k"),
                try await measure("http://127.0.0.1:19490/1k"),
                try await measure(
                    "http://127.0.0.1:\(Self.toolsPort)\(entrance[0])1k", ["-H", "Cookie: \(entrance[1])"]),
            ])
        }
        comparison.show()
    }

    private func download() async throws {
        var comparison = Comparison(
            title: "64 MiB download, one connection", unit: "MiB/s", contenders: ["weir", "nginx", "direct"], goals: [.atLeast(0.8)])
        func measure(_ port: Int) async throws -> Double {
            let url = "http://127.0.0.1:\(port)/64m"
            var speeds: [Double] = []
            for _ in 0..<3 {
                let text = try await Tool.output(
                    "curl", ["-sf", "-o", "/dev/null", "-w", "speed %{speed_download}", url])
                speeds.append(try Tool.number(after: "speed", in: text) / 1_048_576)
            }
            return Comparison.median(speeds)
        }
        for _ in 0..<rounds {
            comparison.add([try await measure(Self.httpPort), try await measure(19_491), try await measure(19_490)])
        }
        comparison.show()
    }

    private func webSocket(_ echo: Int, _ group: any EventLoopGroup) async throws {
        var comparison = Comparison(
            title: "websocket echo of 128 bytes, 32 sockets", unit: "round trips/s",
            contenders: ["weir", "nginx", "direct"], goals: [.atLeast(0.6)])
        for _ in 0..<rounds {
            var figures: [Double] = []
            for port in [Self.echoPort, 19_491, echo] {
                figures.append(try await PingPong.measure(port: port, sockets: 32, seconds: seconds, group: group))
            }
            comparison.add(figures)
        }
        comparison.show()
    }
}
