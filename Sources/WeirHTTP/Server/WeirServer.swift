import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
public import ServiceLifecycle
import WeirModel
public import WeirPlatform

/// One origin, two ways in: what begins like one of the API's paths is the API's, all else the console's.
private struct Doors: HTTPResponder {
    let api: RouterResponder<RequestInformation>
    let console: RouterResponder<RequestInformation>
    /// The first parts of the API's paths.
    let outside: Set<Substring>

    func respond(to request: Request, context: RequestInformation) async throws -> Response {
        let first = request.uri.path.split(separator: "/", maxSplits: 1).first ?? ""
        return try await (outside.contains(first) ? api : console).respond(to: request, context: context)
    }
}

/// The API and the console on one origin.
public struct WeirServer: Service {
    private let application: Application<FrontDoor<Doors>>
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
            router: router, authentication: Authentication(accounts: platform.accounts, isSecure: settings.tls != nil), settings: settings,
            streams: StreamLimit(most: settings.mostStreams, ofOne: settings.mostStreamsOfOne))
        APIRoutes(platform: platform, health: health, metrics: metrics).add(to: table)
        routes = table.all
        let api = router.buildResponder()
        let pages = Router(context: RequestInformation.self, options: .autoGenerateHeadEndpoints)
        pages.add(middleware: RouterErrors())
        try ConsoleRoutes(settings: settings, api: api, zone: TimeZone(identifier: platform.calendar.zone) ?? .gmt).add(to: pages)
        let doors = Doors(api: api, console: pages.buildResponder(), outside: Set(routes.map(\.firstPart)))
        let door = FrontDoor(inner: doors, routes: routes, metrics: metrics, names: settings.names)
        let plain = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [UnreadableRequests(), BodyInvitations(), ClientPresence()], idleTimeout: .seconds(75)))
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
