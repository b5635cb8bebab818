import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
public import ServiceLifecycle
public import WeirPlatform

/// The API and the console on one origin.
public struct WeirServer: Service {
    private let application: Application<FrontDoor<RouterResponder<RequestInformation>>>
    /// What is served, as the OpenAPI document names it.
    let routes: [Route]

    /// - Parameter onRunning: told of the port that is listened on.
    public init(
        _ settings: HTTPSettings, _ platform: Platform, health: Health, metrics: RequestMetrics = RequestMetrics(),
        logger: Logger, onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws {
        let router = Router(context: RequestInformation.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: RouterErrors())
        let table = Routes(
            router: router, authentication: Authentication(accounts: platform.accounts), settings: settings,
            streams: StreamLimit(most: settings.mostStreams))
        APIRoutes(platform: platform, health: health, metrics: metrics).add(to: table)
        ConsoleRoutes().add(to: router)
        routes = table.all
        let door = FrontDoor(inner: router.buildResponder(), routes: routes, metrics: metrics)
        let plain = HTTPServerBuilder.http1(configuration: .init(idleTimeout: .seconds(75)))
        application = Application(
            responder: door, server: try settings.tls.map { try .tls(plain, tlsConfiguration: $0) } ?? plain,
            configuration: ApplicationConfiguration(
                address: .hostname(settings.host, port: settings.port), backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(settings.mostConnections)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? settings.port) },
            logger: logger)
    }

    public func run() async throws { try await application.run() }
}
