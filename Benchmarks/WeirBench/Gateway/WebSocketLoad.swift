import Foundation
import NIOCore
import NIOPosix

/// Agrees to every upgrade, then sends back what it gets: the least that a websocket server can do.
final class EchoServer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private var upgraded = false
    private var head = ByteBuffer()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if upgraded { return context.write(wrapOutboundOut(buffer), promise: nil) }
        head.writeBuffer(&buffer)
        guard head.readableBytesView.suffix(4).elementsEqual("\r\n\r\n".utf8) else { return }
        upgraded = true
        let answer =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
        context.write(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.flush() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    static func start(on group: any EventLoopGroup) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(EchoServer()) }
            }.bind(host: "127.0.0.1", port: 0).get()
    }
}

/// One websocket that sends a frame, waits for it to come back, and sends the next.
final class PingPong: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let frame: ByteBuffer
    private var upgraded = false
    private var head = ByteBuffer()
    private var received = 0
    private(set) var trips = 0

    /// A binary frame of 128 bytes, masked with zeros.
    init() {
        var frame = ByteBuffer(bytes: [0x82, 0x80 | 126, 0, 128, 0, 0, 0, 0])
        frame.writeRepeatingByte(7, count: 128)
        self.frame = frame
    }

    func channelActive(context: ChannelHandlerContext) {
        let request =
            "GET /ws HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if !upgraded {
            head.writeBuffer(&buffer)
            guard head.readableBytesView.suffix(4).elementsEqual("\r\n\r\n".utf8) else { return }
            upgraded = true
            return context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        }
        received += buffer.readableBytes
        guard received >= frame.readableBytes else { return }
        received -= frame.readableBytes
        trips += 1
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    /// Round trips in a second, over that many websockets at once.
    static func measure(port: Int, sockets: Int, seconds: Int, group: any EventLoopGroup) async throws -> Double {
        var channels: [any Channel] = []
        for _ in 0..<sockets {
            channels.append(
                try await ClientBootstrap(group: group).channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(PingPong())
                        }
                    }.connect(host: "127.0.0.1", port: port).get())
        }
        let before = try await trips(channels)
        let start = ContinuousClock.now
        try await Task.sleep(for: .seconds(seconds))
        let after = try await trips(channels)
        let elapsed = ContinuousClock.now - start
        for channel in channels { try await channel.close() }
        let (whole, rest) = elapsed.components
        return Double(after - before) / (Double(whole) + Double(rest) * 1e-18)
    }

    private static func trips(_ channels: [any Channel]) async throws -> Int {
        var sum = 0
        for channel in channels {
            sum += try await channel.eventLoop.submit {
                try channel.pipeline.syncOperations.handler(type: PingPong.self).trips
            }.get()
        }
        return sum
    }
}
