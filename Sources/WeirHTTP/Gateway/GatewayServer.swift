public import Logging
public import NIOCore
import NIOPosix
import NIOSSL
public import ServiceLifecycle
public import WeirEngine
public import WeirModel
public import WeirPlatform

/// The second front door: tools, boards and terminals at one address, services at external ports of their own.
///
/// An origin apart from the console's, so what a tenant serves never rides on a console's session.
public struct GatewayServer: Service {
    /// Opens, or finds again, the terminal of that name in a workload.
    public typealias OpenTerminal =
        @Sendable (_ workload: Identifier<Workload>, _ size: TerminalSize, _ name: String) async throws ->
        any TerminalSession

    /// What a listener did.
    public enum Event: Hashable, Sendable {
        case listening(port: Int)
        case opened(port: Int)
        case closed(port: Int)
        /// The port is tried again until it opens or is no longer wanted.
        case failed(port: Int, reason: String)
    }

    private let settings: GatewaySettings
    private let routes: RouteTable
    private let tokens: EntryTokens
    private let assets: FrontendAssets?
    private let clock: any WallClock
    private let group: any EventLoopGroup
    private let logger: Logger
    private let openTerminal: OpenTerminal
    private let onEvent: @Sendable (Event) -> Void

    public init(
        settings: GatewaySettings, routes: RouteTable, tokens: EntryTokens, assets: FrontendAssets?,
        clock: any WallClock, group: any EventLoopGroup, logger: Logger, openTerminal: @escaping OpenTerminal,
        onEvent: @escaping @Sendable (Event) -> Void = { _ in }
    ) {
        self.settings = settings
        self.routes = routes
        self.tokens = tokens
        self.assets = assets
        self.clock = clock
        self.group = group
        self.logger = logger
        self.openTerminal = openTerminal
        self.onEvent = onEvent
    }

    /// Runs until graceful shutdown or cancellation; then lets what is under way end within the drain time.
    public func run() async throws {
        let (terminals, opened) = AsyncStream.makeStream(
            of: OpenedTerminal.self, bufferingPolicy: .bufferingOldest(1024))
        let core = GatewayCore(
            settings: settings, routes: routes, tokens: tokens, assets: assets, clock: clock, logger: logger,
            terminals: opened)
        let loops = try await GatewayLoops(group: group, core: core)
        let listener = try Listener(core: core, loops: loops, group: group)
        let door = try await listener.open(.tools, port: settings.port)
        let port = door.localAddress?.port ?? settings.port
        logger.info("gateway listens", metadata: ["host": "\(settings.host)", "port": "\(port)"])
        onEvent(.listening(port: port))

        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await PortListeners(listener: listener, routes: routes, onEvent: onEvent, logger: logger).run()
            }
            group.addTask {
                await withDiscardingTaskGroup { bridges in
                    for await terminal in terminals {
                        bridges.addTask {
                            await TerminalBridge(
                                opened: terminal, openTerminal: openTerminal, activity: routes.activity, logger: logger
                            ).run()
                        }
                    }
                }
            }
            group.addTask {
                // Ends on graceful shutdown and on cancellation alike.
                try? await gracefulShutdown()
                try? await door.close()
                await loops.drain(within: settings.drainTime)
                opened.finish()
            }
            await group.waitForAll()
        }
        logger.info("gateway closed")
    }
}
