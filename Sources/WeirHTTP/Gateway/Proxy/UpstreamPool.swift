import NIOCore
import NIOPosix
import WeirPlatform

/// Connections to backends on one event loop that wait for their next request.
final class UpstreamPool {
    private static let mostPerBackend = 128
    private static let mostInAll = 1024
    /// Shorter than the keep-alive time of common servers (uvicorn's is 5 s, and ends exactly then).
    private static let idleSeconds = 4
    /// A request that must not be sent twice takes only a connection that was in use just now.
    static let freshSeconds = 1

    private let eventLoop: any EventLoop
    private let settings: GatewaySettings
    private var idle: [Backend: [UpstreamConnection]] = [:]
    private var count = 0
    private var second = 0

    init(_ eventLoop: any EventLoop, settings: GatewaySettings) {
        self.eventLoop = eventLoop
        self.settings = settings
    }

    /// The connection used last, if one waits and was used lately enough.
    func take(_ backend: Backend, onlyFresh: Bool) -> UpstreamConnection? {
        guard let last = idle[backend]?.last else { return nil }
        if onlyFresh, second - last.idleSince > Self.freshSeconds { return nil }
        idle[backend]?.removeLast()
        count -= 1
        return last
    }

    /// False when there is no room: the caller closes the connection.
    func put(_ connection: UpstreamConnection) -> Bool {
        guard count < Self.mostInAll, idle[connection.backend, default: []].count < Self.mostPerBackend else {
            return false
        }
        connection.idleSince = second
        idle[connection.backend, default: []].append(connection)
        count += 1
        return true
    }

    func remove(_ connection: UpstreamConnection) {
        guard let index = idle[connection.backend]?.firstIndex(where: { $0 === connection }) else { return }
        idle[connection.backend]?.remove(at: index)
        count -= 1
    }

    func sweep(second: Int) {
        self.second = second
        for (backend, connections) in idle {
            let old = connections.prefix { second - $0.idleSince > Self.idleSeconds }
            guard !old.isEmpty || connections.isEmpty else { continue }
            let rest = Array(connections.dropFirst(old.count))
            idle[backend] = rest.isEmpty ? nil : rest
            count -= old.count
            for connection in old { connection.cut() }
        }
    }

    func closeAll() {
        let all = idle.values.flatMap { $0 }
        idle = [:]
        count = 0
        for connection in all { connection.cut() }
    }

    /// Opens a connection on this event loop.
    func connect(_ backend: Backend) -> EventLoopFuture<UpstreamConnection>.Isolated {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let bootstrap = Self.bootstrap(eventLoop, settings: settings).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(UpstreamConnection(backend, pool: bound.value))
            }
        }
        return Self.connect(bootstrap, to: backend).assumeIsolated().flatMapThrowing { channel in
            try channel.pipeline.syncOperations.handler(type: UpstreamConnection.self)
        }
    }

    /// Addresses are connected to as they are; only names go by the resolver.
    static func connect(_ bootstrap: ClientBootstrap, to backend: Backend) -> EventLoopFuture<any Channel> {
        if let address = try? SocketAddress(ipAddress: backend.host, port: backend.port) {
            return bootstrap.connect(to: address)
        }
        return bootstrap.connect(host: backend.host, port: backend.port)
    }

    static func bootstrap(_ eventLoop: any EventLoop, settings: GatewaySettings) -> ClientBootstrap {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(settings.connectTime))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.recvAllocator, value: WireOptions.receive)
            .channelOption(.writeBufferWaterMark, value: WireOptions.waterMark)
            .channelOption(.maxMessagesPerRead, value: WireOptions.readsPerTurn)
    }
}

/// How much of a stream is held between its two sides: at most a read and a full write buffer.
enum WireOptions {
    static let receive = AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 4096, maximum: 256 << 10)
    static let waterMark = ChannelOptions.Types.WriteBufferWaterMark(low: 128 << 10, high: 512 << 10)
    static let readsPerTurn: UInt = 2
}
