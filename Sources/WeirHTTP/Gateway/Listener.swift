import Logging
import NIOCore
import NIOPosix
import NIOSSL
import WeirModel
import WeirPlatform

/// The gateway's parts on all event loops.
struct GatewayLoops: Sendable {
    private let loops: [ObjectIdentifier: NIOLoopBound<GatewayLoop>]

    init(group: any EventLoopGroup, core: GatewayCore) async throws {
        var loops: [ObjectIdentifier: NIOLoopBound<GatewayLoop>] = [:]
        let all = Array(group.makeIterator())
        for eventLoop in all {
            loops[ObjectIdentifier(eventLoop)] = try await eventLoop.submit {
                let loop = GatewayLoop(eventLoop, core: core, loopCount: all.count)
                loop.start()
                return NIOLoopBound(loop, eventLoop: eventLoop)
            }.get()
        }
        self.loops = loops
    }

    /// The part on this event loop, which the caller runs on.
    func on(_ eventLoop: any EventLoop) -> GatewayLoop? { loops[ObjectIdentifier(eventLoop)]?.value }

    func drain(within time: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            for bound in loops.values {
                group.addTask {
                    let eventLoop = bound.eventLoop
                    try? await eventLoop.flatSubmit { bound.value.drain(within: time) }.get()
                }
            }
        }
    }
}

/// Opens the sockets that clients come in at.
struct Listener: Sendable {
    let core: GatewayCore
    let loops: GatewayLoops
    let group: any EventLoopGroup
    private let tls: NIOSSLContext?

    init(core: GatewayCore, loops: GatewayLoops, group: any EventLoopGroup) throws {
        self.core = core
        self.loops = loops
        self.group = group
        tls = try core.settings.tls.map { files in
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(files.certificateFile).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: files.keyFile, format: .pem)))
            configuration.applicationProtocols = ["http/1.1"]
            configuration.minimumTLSVersion = .tlsv12
            return try NIOSSLContext(configuration: configuration)
        }
    }

    func open(_ entrance: Entrance, port: Int) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.recvAllocator, value: WireOptions.receive)
            .childChannelOption(.writeBufferWaterMark, value: WireOptions.waterMark)
            .childChannelOption(.maxMessagesPerRead, value: WireOptions.readsPerTurn)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try accept(channel, at: entrance) }
            }
            .bind(host: core.settings.host, port: port).get()
    }

    private func accept(_ channel: any Channel, at entrance: Entrance) throws {
        guard let loop = loops.on(channel.eventLoop) else { throw ChannelError.inputClosed }
        if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
        if case .port(let number) = entrance {
            guard let open = core.routes.port(number) else { throw ChannelError.inputClosed }
            if open.route.mode == .tcp {
                try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
                return try TCPConnection(loop: loop, number: number, open: open).start(on: channel)
            }
        }
        try channel.pipeline.syncOperations.addHandler(
            ClientConnection(loop: loop, entrance: entrance, isTLS: tls != nil))
    }
}
