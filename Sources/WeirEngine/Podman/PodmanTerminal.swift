import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import WeirModel

/// A terminal over Podman's exec session: after its answer's head, the connection carries the terminal's bytes both ways.
final class PodmanTerminal: TerminalSession {
    let output: AsyncThrowingStream<[UInt8], any Error>
    private let id: String
    private let podman: PodmanSocket
    private let channel: any Channel

    private init(id: String, podman: PodmanSocket, channel: any Channel, handler: NIOLoopBound<TerminalHandler>) {
        self.id = id
        self.podman = podman
        self.channel = channel
        output = AsyncThrowingStream {
            try await withTaskCancellationHandler {
                try await channel.eventLoop.flatSubmit { handler.value.take() }.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        }
    }

    static func open(_ id: String, podman: PodmanSocket, size: TerminalSize) async throws -> PodmanTerminal {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let opened = loop.makePromise(of: Void.self)
        let (channel, handler) = try await ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(unixDomainSocketPath: podman.path) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = TerminalHandler(opened: opened)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    return (channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
                }
            }
        let body = try JSONEncoder().encode(ExecStart(Tty: true, h: size.rows, w: size.columns))
        var request = ByteBuffer()
        request.writeString("POST /\(PodmanSocket.version)/libpod/exec/\(id)/start HTTP/1.1\r\nHost: podman\r\n")
        request.writeString("Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\n")
        request.writeString("Content-Length: \(body.count)\r\n\r\n")
        request.writeBytes(body)
        do {
            try await channel.writeAndFlush(request)
            try await opened.futureResult.get()
        } catch {
            channel.close(promise: nil)
            throw error
        }
        return PodmanTerminal(id: id, podman: podman, channel: channel, handler: handler)
    }

    func write(_ bytes: [UInt8]) async throws { try await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }

    func resize(_ size: TerminalSize) async throws {
        do {
            _ = try await podman.call(
                .POST, "/exec/\(id)/resize", ["h": String(size.rows), "w": String(size.columns)])
        } catch is PodmanRefusal {
            // The command has ended, or has not begun: the size has no meaning then.
        }
    }

    /// Closing the connection alone leaves the command running, so it is told that its terminal hung up.
    func close() async {
        if let answer = try? await podman.call(.GET, "/exec/\(id)/json"),
            let state = try? podman.decode(ExecState.self, from: answer), state.Running, state.Pid > 1
        {
            kill(pid_t(state.Pid), SIGHUP)
        }
        try? await channel.close()
    }
}

/// Reads the answer's head, then hands the bytes out one portion at a time. Lives on its channel's event loop.
final class TerminalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private static let mostHead = 16 << 10
    /// What may wait for the reader before the socket is left unread and the command's writes block.
    private static let mostWaiting = 256 << 10

    private var opened: EventLoopPromise<Void>?
    private var context: ChannelHandlerContext?
    private var buffer = ByteBuffer()
    private var waiting: EventLoopPromise<[UInt8]?>?
    private var ended = false

    init(opened: EventLoopPromise<Void>) { self.opened = opened }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func channelActive(context: ChannelHandlerContext) {
        context.read()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var part = unwrapInboundIn(data)
        buffer.writeBuffer(&part)
        if opened != nil { readHead(context) }
        deliver()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if buffer.readableBytes < Self.mostWaiting { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { finish(context) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(context)
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { finish(context) }

    /// The next portion; nil after the last.
    func take() -> EventLoopFuture<[UInt8]?> {
        guard let context else {
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            return loop.makeSucceededFuture(rest())
        }
        if buffer.readableBytes > 0 || ended {
            let bytes = rest()
            if !ended { context.read() }
            return context.eventLoop.makeSucceededFuture(bytes)
        }
        let promise = context.eventLoop.makePromise(of: [UInt8]?.self)
        waiting?.succeed(nil)
        waiting = promise
        context.read()
        return promise.futureResult
    }

    private func rest() -> [UInt8]? {
        guard buffer.readableBytes > 0 else { return nil }
        let bytes = buffer.readBytes(length: buffer.readableBytes)
        buffer.discardReadBytes()
        return bytes
    }

    private func deliver() {
        guard opened == nil, let waiting, buffer.readableBytes > 0 else { return }
        self.waiting = nil
        waiting.succeed(rest())
    }

    private func readHead(_ context: ChannelHandlerContext) {
        let view = buffer.readableBytesView
        guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else {
            if buffer.readableBytes > Self.mostHead { refuse("its answer has no end", context) }
            return
        }
        let head = String(decoding: view[..<end.lowerBound], as: UTF8.self)
        guard head.hasPrefix("HTTP/1.1 101") || head.hasPrefix("HTTP/1.1 200") else {
            refuse(String(decoding: view.prefix(600), as: UTF8.self), context)
            return
        }
        buffer.moveReaderIndex(to: end.upperBound)
        opened?.succeed()
        opened = nil
    }

    private func refuse(_ detail: String, _ context: ChannelHandlerContext) {
        opened?.fail(WeirError.engineDown("the terminal did not open: \(detail)"))
        opened = nil
        buffer.clear()
        context.close(promise: nil)
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard !ended else { return }
        ended = true
        opened?.fail(WeirError.engineDown("the terminal was closed at once"))
        opened = nil
        waiting?.succeed(rest())
        waiting = nil
        context.close(promise: nil)
    }
}
