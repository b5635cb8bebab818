import NIOCore
import WeirPlatform

/// A connection to a backend: reads answers, and hands them to the client connection that it works for at the time.
final class UpstreamConnection: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase { case idle, head, body, tunnel, closed }

    let backend: Backend
    var idleSince = 0
    private let pool: UpstreamPool
    private var client: ClientConnection?
    private var context: ChannelHandlerContext?
    private var phase = Phase.idle
    private var inbox = ByteBuffer()
    private var scanner = HeadScanner()
    private var body = BodyReader(.none)
    private var keepAlive = false
    private var toHead = false
    private var heardAnything = false
    private var readHeld = false
    private var dirty = false

    init(_ backend: Backend, pool: UpstreamPool) {
        self.backend = backend
        self.pool = pool
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: For the client connection

    var isWritable: Bool { context?.channel.isWritable ?? false }
    var isOpen: Bool { phase != .closed && context?.channel.isActive == true }

    /// Works for this client until the answer has ended.
    func begin(for client: ClientConnection, head: ByteBuffer, toHead: Bool) {
        self.client = client
        self.toHead = toHead
        phase = .head
        heardAnything = false
        context?.writeAndFlush(wrapOutboundOut(head), promise: nil)
    }

    func write(_ part: ByteBuffer) {
        context?.write(wrapOutboundOut(part), promise: nil)
        dirty = true
    }

    func flush() {
        guard dirty else { return }
        dirty = false
        context?.flush()
    }

    /// The client can take more again.
    func resumeReading() {
        guard readHeld, mayRead else { return }
        readHeld = false
        context?.read()
    }

    /// The client is gone or has no use for the answer.
    func cut() {
        client = nil
        phase = .closed
        context?.close(promise: nil)
    }

    /// The client has sent its last byte into the tunnel: all of it is delivered before the end.
    func closeAfterFlush() {
        client = nil
        guard let context, phase != .closed else { return }
        phase = .closed
        context.closeAfterFlush()
    }

    // MARK: From the backend

    private var mayRead: Bool { client?.isWritable ?? true }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { readHeld = true }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { client?.resumeReading() }
        context.fireChannelWritabilityChanged()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        heardAnything = true
        if inbox.readableBytes > 0 { inbox.writeBuffer(&buffer) } else { inbox = buffer }
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) { client?.flush() }

    private func process() {
        do {
            while inbox.readableBytes > 0 {
                switch phase {
                case .idle:
                    // Nobody asked: whatever this is, it is not the answer to the next request.
                    pool.remove(self)
                    return cut()
                case .head: if try !readHead() { return }
                case .body:
                    if let part = try body.take(from: &inbox) { client?.writeBody(part) }
                    if body.isDone { return finish() }
                case .tunnel:
                    let part = inbox
                    inbox = ByteBuffer()
                    client?.writeBody(part)
                case .closed: return inbox = ByteBuffer()
                }
            }
        } catch {
            let client = client
            cut()
            client?.upstreamLost(.badAnswer(error as? HeadFault))
        }
    }

    /// False when more bytes are needed, or the answer has ended with its head.
    private func readHead() throws -> Bool {
        guard let client else { return false }
        let bytes = inbox
        var ended = false
        let length: Int? = try bytes.withUnsafeReadableBytes { bytes in
            guard let length = try scanner.scan(bytes) else { return nil }
            let view = UnsafeRawBufferPointer(rebasing: bytes[..<length])
            let head = try ResponseHead(view, scanner, toHead: toHead)
            if head.status == 101 {
                guard client.asksForWebSocket else { throw HeadFault.malformed }
                client.beginAnswer(head, view, scanner)
                phase = .tunnel
            } else if head.status < 200 {
                if head.status == 100 { client.passContinue() }
            } else {
                client.beginAnswer(head, view, scanner)
                keepAlive = head.keepAlive
                body = BodyReader(head.body)
                phase = .body
                ended = body.isDone
            }
            return length
        }
        guard let length else { return false }
        inbox.moveReaderIndex(forwardBy: length)
        if inbox.readableBytes == 0 { inbox = ByteBuffer() }
        if phase == .tunnel { client.becomeTunnel() }
        if ended { finish() }
        return !ended
    }

    private func finish() {
        let client = client
        self.client = nil
        if keepAlive, inbox.readableBytes == 0, client?.requestIsSent == true, pool.put(self) {
            phase = .idle
        } else {
            cut()
        }
        client?.answerEnded()
    }

    func channelInactive(context: ChannelHandlerContext) {
        let before = phase
        let client = client
        self.client = nil
        phase = .closed
        switch before {
        case .idle: pool.remove(self)
        case .head: client?.upstreamLost(heardAnything ? .badAnswer(nil) : .silent)
        case .body: if body.endsWithConnection { client?.answerEnded() } else { client?.upstreamLost(.badAnswer(nil)) }
        case .tunnel: client?.closeAfterFlush()
        case .closed: break
        }
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// How a backend was lost.
enum UpstreamLoss: Equatable {
    /// It closed before it said anything: a kept connection may just have run out.
    case silent
    /// Its answer was none, with what was wrong with it, or was broken off.
    case badAnswer(HeadFault?)
}
