import NIOCore
import NIOPosix
import WeirModel
import WeirPlatform

/// One side of a TCP connection that is carried as it is. Each side may end its direction while the other goes on.
final class TCPRelay: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    fileprivate var partner: TCPRelay?
    fileprivate let onTraffic: () -> Void
    fileprivate let onEnd: () -> Void
    private var context: ChannelHandlerContext?
    private var readHeld = false
    private var inputEnded = false
    private var outputEnded = false
    /// What came before the other side was there.
    private var early: [ByteBuffer] = []

    init(onTraffic: @escaping () -> Void, onEnd: @escaping () -> Void) {
        self.onTraffic = onTraffic
        self.onEnd = onEnd
    }

    /// Both are on one event loop.
    static func join(_ a: TCPRelay, _ b: TCPRelay) {
        a.partner = b
        b.partner = a
        a.begin()
        b.begin()
    }

    private func begin() {
        for buffer in early { partner?.write(buffer) }
        early = []
        partner?.context?.flush()
        if inputEnded { partner?.endOutput() }
        resumeReading()
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        let partner = partner
        self.partner = nil
        partner?.partner = nil
        partner?.closeAfterFlush()
        onEnd()
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { readHeld = true }
    }

    private var mayRead: Bool { partner?.context?.channel.isWritable ?? false }

    private func resumeReading() {
        guard readHeld, mayRead else { return }
        readHeld = false
        context?.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { partner?.resumeReading() }
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        onTraffic()
        let buffer = unwrapInboundIn(data)
        if let partner { partner.write(buffer) } else { early.append(buffer) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { partner?.context?.flush() }

    private func write(_ buffer: ByteBuffer) { context?.write(wrapOutboundOut(buffer), promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            inputEnded = true
            partner?.endOutput()
            closeIfOver()
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// The other side will send no more: what it sent is delivered, then this direction ends.
    private func endOutput() {
        guard let context, !outputEnded else { return }
        outputEnded = true
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { [self] _ in
            channel.close(mode: .output, promise: nil)
            closeIfOver()
        }
    }

    private func closeIfOver() {
        if inputEnded, outputEnded { context?.close(promise: nil) }
    }

    fileprivate func closeAfterFlush() { context?.closeAfterFlush() }

    func cut() { context?.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// A client's connection to an external port in TCP mode.
final class TCPConnection: SweptConnection {
    private let loop: GatewayLoop
    private let number: Int
    private let open: RouteTable.OpenPort
    private var client: TCPRelay?
    private var lastActive: Int

    init(loop: GatewayLoop, number: Int, open: RouteTable.OpenPort) {
        self.loop = loop
        self.number = number
        self.open = open
        lastActive = loop.second
    }

    /// The handler for the client's channel; the backend is reached meanwhile, and read from the client nothing.
    func start(on channel: any Channel) throws {
        let client = TCPRelay(onTraffic: { self.lastActive = self.loop.second }, onEnd: { self.end() })
        self.client = client
        guard loop.admit(self) else { throw ChannelError.inputClosed }
        try channel.pipeline.syncOperations.addHandlers([NoBrowsers { self.open.traffic.countError() }, client])
        open.traffic.countRequest(at: loop.core.clock.now())
        reach(after: 0, turn: open.traffic.nextTurn())
    }

    private func reach(after tried: Int, turn: UInt64) {
        let backends = open.route.backends
        guard tried < backends.count, client != nil else {
            open.traffic.countError()
            client?.cut()
            return
        }
        let backend = backends[Int(truncatingIfNeeded: (turn &+ UInt64(tried)) % UInt64(backends.count))]
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        let bootstrap = UpstreamPool.bootstrap(loop.eventLoop, settings: loop.core.settings)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = bound.value
                    let relay = TCPRelay(onTraffic: { connection.lastActive = connection.loop.second }, onEnd: {})
                    try channel.pipeline.syncOperations.addHandler(relay)
                }
            }
        UpstreamPool.connect(bootstrap, to: backend).assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let channel):
                guard let client, let upstream = try? channel.pipeline.syncOperations.handler(type: TCPRelay.self)
                else {
                    return channel.close(promise: nil)
                }
                TCPRelay.join(client, upstream)
            case .failure: reach(after: tried + 1, turn: turn)
            }
        }
    }

    private func end() {
        client = nil
        loop.leave(self)
    }

    func sweep() {
        let silent = loop.second - lastActive
        guard loop.core.routes.port(number) != nil, silent <= loop.core.settings.tunnelSilenceTime.components.seconds
        else { return cut() }
        if silent <= 1 { open.traffic.touch(at: loop.core.clock.now()) }
    }

    func cut() { client?.cut() }
}
