import NIOCore
import WeirModel
import WeirPlatform

/// A client's connection by HTTP/1: one request after the other, each handed to a backend and its answer handed back.
///
/// Bytes are passed on as they come. A side is read only while the other can take more, so what is held of a body is at
/// most one read and one full write buffer.
final class ClientConnection: ChannelDuplexHandler, SweptConnection {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase { case idle, connecting, exchanging, tunnel, closing, lingering, detached, closed }

    /// Bytes of following requests that are taken before the present one is answered.
    private static let mostAhead = 64 << 10
    private static let lingerSeconds = 3
    /// A body part up to this size is copied behind its head, so that both leave in one piece.
    private static let smallPart = 8 << 10

    let loop: GatewayLoop
    let entrance: Entrance
    let isTLS: Bool
    private(set) var context: ChannelHandlerContext?
    private(set) var phase = Phase.idle
    private(set) var exchange: Exchange?
    private var upstream: UpstreamConnection?
    private var inbox = ByteBuffer()
    private var scanner = HeadScanner()
    private var requestBody = BodyReader(.none)
    /// Reused from request to request, once what was in it is sent.
    private var upstreamHead = ByteBuffer()
    private var clientHead = ByteBuffer()
    private var headIsPending = false
    private var answerBegun = false
    private var closesAfterAnswer = false
    private var readHeld = false
    private var lastActive: Int
    private var headSince: Int?
    /// Whether the client has said something in the tunnel since the last look.
    private var wasSpoken = false
    private(set) var forwarded = ByteBuffer()
    /// The address that the connection comes from. What a request says of it (`X-Forwarded-For`) anybody can write.
    private(set) var address: String?
    private var detachedPass: EntryTokens.Pass?

    init(loop: GatewayLoop, entrance: Entrance, isTLS: Bool) {
        self.loop = loop
        self.entrance = entrance
        self.isTLS = isTLS
        lastActive = loop.second
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        address = context.channel.remoteAddress?.ipAddress
        let sender = address ?? "unknown"
        forwarded = ByteBuffer(
            string:
                "X-Forwarded-For: \(sender)\r\nX-Real-IP: \(sender)\r\nX-Forwarded-Proto: \(isTLS ? "https" : "http")\r\n"
        )
        if !loop.admit(self) { context.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        let wasTunnel = phase == .tunnel
        if phase != .detached { phase = .closed }
        context = nil
        exchange = nil
        inbox = ByteBuffer()
        let upstream = upstream
        self.upstream = nil
        if wasTunnel { upstream?.closeAfterFlush() } else { upstream?.cut() }
        loop.leave(self)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if phase == .detached { context.fireErrorCaught(error) } else { context.close(promise: nil) }
    }

    // MARK: From the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastActive = loop.second
        switch phase {
        case .detached: return context.fireChannelRead(data)
        case .closing, .lingering, .closed: return
        default: break
        }
        var buffer = unwrapInboundIn(data)
        if inbox.readableBytes > 0 { inbox.writeBuffer(&buffer) } else { inbox = buffer }
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if phase == .detached { return context.fireChannelReadComplete() }
        upstream?.flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { upstream?.resumeReading() }
        context.fireChannelWritabilityChanged()
    }

    func read(context: ChannelHandlerContext) {
        if mayRead { context.read() } else { readHeld = true }
    }

    private var mayRead: Bool {
        switch phase {
        case .connecting: inbox.readableBytes < Self.mostAhead
        case .exchanging:
            requestBody.isDone ? inbox.readableBytes < Self.mostAhead : upstream?.isWritable ?? true
        case .tunnel: upstream?.isWritable ?? true
        default: true
        }
    }

    /// The backend can take more again, or the phase has changed.
    func resumeReading() {
        guard readHeld, mayRead else { return }
        readHeld = false
        context?.read()
    }

    private func process() {
        while inbox.readableBytes > 0 {
            switch phase {
            case .idle: if !readHead() { return }
            case .exchanging:
                guard !requestBody.isDone, let upstream else { return }
                do {
                    if let part = try requestBody.take(from: &inbox) { upstream.write(part) }
                } catch {
                    // What came so far is with the backend already: only the end of both connections is clear to it.
                    return cut()
                }
                if requestBody.isDone { return upstream.flush() }
            case .tunnel:
                let part = inbox
                inbox = ByteBuffer()
                if !ControlFrame.isAlone(in: part) { wasSpoken = true }
                upstream?.write(part)
            case .connecting, .closing, .lingering, .detached, .closed: return
            }
        }
    }

    /// False when more bytes are needed, or the connection goes no further.
    private func readHead() -> Bool {
        let local = inbox
        do {
            var length = 0
            let decision: Decision? = try local.withUnsafeReadableBytes { bytes in
                guard let found = try scanner.scan(bytes) else { return nil }
                length = found
                let view = UnsafeRawBufferPointer(rebasing: bytes[..<found])
                let head = try RequestHead(view, scanner)
                return RequestRouting(connection: self, bytes: view, head: head, scanner: scanner)
                    .decide(writing: &upstreamHead)
            }
            guard let decision else {
                headSince = headSince ?? loop.second
                return false
            }
            headSince = nil
            inbox.moveReaderIndex(forwardBy: length)
            if inbox.readableBytes == 0 { inbox = ByteBuffer() }
            switch decision {
            case .answer(let answer, let isHead, let keepAlive, let body):
                requestBody = BodyReader(body)
                give(answer, toHead: isHead, keepAlive: keepAlive && requestBody.isDone)
            case .exchange(let exchange):
                requestBody = BodyReader(exchange.body)
                self.exchange = exchange
                reach(onlyNew: false)
            case .terminal(let upgrade): detach(upgrade)
            }
            return phase == .idle || phase == .exchanging
        } catch {
            let fault = error as? HeadFault ?? .malformed
            requestBody = BodyReader(.untilClose)
            give(.error(.badRequest(fault), status: fault.status, style: PageStyle()), toHead: false, keepAlive: false)
            return false
        }
    }

    // MARK: To the backend

    private func reach(onlyNew: Bool) {
        guard let exchange else { return }
        phase = .connecting
        answerBegun = false
        if !onlyNew, let pooled = loop.pool.take(exchange.backend, onlyFresh: !exchange.isRepeatable) {
            self.exchange?.usedPooled = true
            return attach(pooled)
        }
        self.exchange?.usedPooled = false
        loop.pool.connect(exchange.backend).whenComplete { [self] result in
            guard phase == .connecting, context != nil else {
                if case .success(let unused) = result { unused.cut() }
                return
            }
            switch result {
            case .success(let upstream):
                attach(upstream)
                process()
                upstream.flush()
                resumeReading()
            case .failure: reachNext()
            }
        }
    }

    private func reachNext() {
        guard let exchange else { return }
        if exchange.tried < exchange.backends.count {
            self.exchange?.turn += 1
            self.exchange?.tried += 1
            return reach(onlyNew: false)
        }
        exchange.traffic?.countError()
        fail(.unreachable(), status: "502 Bad Gateway")
    }

    private func attach(_ upstream: UpstreamConnection) {
        guard let exchange else { return upstream.cut() }
        self.upstream = upstream
        phase = .exchanging
        lastActive = loop.second
        upstream.begin(for: self, head: upstreamHead, toHead: exchange.isHead)
    }

    // MARK: From the backend

    var isWritable: Bool { context?.channel.isWritable ?? false }
    var asksForWebSocket: Bool { exchange?.wantsWebSocket ?? false }
    var requestIsSent: Bool { requestBody.isDone }

    func passContinue() {
        guard exchange?.isHTTP11 == true, !answerBegun, let context else { return }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
    }

    func beginAnswer(_ head: ResponseHead, _ bytes: UnsafeRawBufferPointer, _ scanner: HeadScanner) {
        guard let exchange else { return }
        answerBegun = true
        if head.status >= 500 { exchange.traffic?.countError() }
        closesAfterAnswer =
            !exchange.keepAlive || loop.isDraining || head.body == .untilClose
            || (head.body == .chunked && !exchange.isHTTP11)
        clientHead.clear(minimumCapacity: 1024)
        let cookie = exchange.affinity?.cookie(for: exchange.backend, secure: isTLS)
        ResponseRewriter(bytes: bytes, head: head, scanner: scanner, rules: exchange.rules, cookie: cookie)
            .write(into: &clientHead, closes: closesAfterAnswer)
        headIsPending = true
    }

    func writeBody(_ part: ByteBuffer) {
        lastActive = loop.second
        guard let context else { return }
        if headIsPending {
            headIsPending = false
            if part.readableBytes <= Self.smallPart {
                clientHead.writeImmutableBuffer(part)
                return context.write(wrapOutboundOut(clientHead), promise: nil)
            }
            context.write(wrapOutboundOut(clientHead), promise: nil)
        }
        context.write(wrapOutboundOut(part), promise: nil)
    }

    func flush() {
        guard let context else { return }
        if headIsPending {
            headIsPending = false
            context.write(wrapOutboundOut(clientHead), promise: nil)
        }
        context.flush()
    }

    func becomeTunnel() {
        phase = .tunnel
        flush()
        process()
        upstream?.flush()
        resumeReading()
    }

    func answerEnded() {
        flush()
        upstream = nil
        exchange = nil
        answerBegun = false
        if closesAfterAnswer || !requestBody.isDone { return close() }
        phase = .idle
        process()
        upstream?.flush()
        resumeReading()
    }

    func upstreamLost(_ loss: UpstreamLoss) {
        upstream = nil
        guard let exchange, context != nil else { return }
        if answerBegun { return cut() }
        if loss == .silent, exchange.usedPooled, exchange.isRepeatable { return reach(onlyNew: true) }
        exchange.traffic?.countError()
        let fault: HeadFault? = if case .badAnswer(let fault) = loss { fault } else { nil }
        fail(.badAnswer(fault), status: "502 Bad Gateway")
    }

    // MARK: Answers of our own

    private func fail(_ error: WeirError, status: String) {
        guard let exchange else { return }
        self.exchange = nil
        let answer = Answer.error(error, status: status, style: exchange.style)
        give(answer, toHead: exchange.isHead, keepAlive: exchange.keepAlive && requestBody.isDone)
        if phase == .idle {
            process()
            upstream?.flush()
            resumeReading()
        }
    }

    private func give(_ answer: Answer, toHead: Bool, keepAlive: Bool) {
        guard let context else { return }
        let closes = !keepAlive || loop.isDraining
        clientHead.clear(minimumCapacity: 1024)
        answer.write(into: &clientHead, toHead: toHead, closes: closes)
        context.writeAndFlush(wrapOutboundOut(clientHead), promise: nil)
        phase = .idle
        if closes { close() }
    }

    // MARK: Ending

    /// Ends the connection once all is written. Where the client may still be sending, its bytes are read and dropped for
    /// a moment: closing at once would reset the connection and take the answer with it.
    private func close() {
        guard let context else { return }
        let lingers = !requestBody.isDone && !isTLS
        phase = .closing
        lastActive = loop.second
        // A slow reader has until the silence time to take what is written.
        context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { [self] _ in
            guard phase == .closing, let context = self.context else { return }
            phase = .lingering
            lastActive = loop.second
            if lingers { context.close(mode: .output, promise: nil) } else { context.close(promise: nil) }
        }
        resumeReading()
    }

    func closeAfterFlush() {
        requestBody = BodyReader(.none)
        upstream = nil
        close()
    }

    func cut() { context?.close(promise: nil) }

    /// Hands the connection to the handlers behind this one, which from now on only lets bytes through.
    private func detach(_ upgrade: TerminalUpgrade) {
        guard let context else { return }
        clientHead.clear(minimumCapacity: 256)
        upgrade.writeAnswer(into: &clientHead)
        context.writeAndFlush(wrapOutboundOut(clientHead), promise: nil)
        inbox = ByteBuffer()
        detachedPass = upgrade.pass
        do {
            try upgrade.install(on: context.channel, core: loop.core)
            phase = .detached
        } catch {
            return cut()
        }
    }

    // MARK: Once a second

    func sweep() {
        let settings = loop.core.settings
        let silent = loop.second - lastActive
        switch phase {
        case .idle:
            if let headSince, loop.second - headSince > settings.headTime.components.seconds {
                requestBody = BodyReader(.untilClose)
                give(
                    .error(.headTimeout(), status: "408 Request Timeout", style: PageStyle()), toHead: false,
                    keepAlive: false)
            } else if headSince == nil, loop.isDraining || silent > settings.idleTime.components.seconds {
                cut()
            }
        case .exchanging:
            if !mayGoOn(exchange?.pass) { return cut() }
            if silent <= 1 {
                exchange?.traffic?.touch(at: loop.core.clock.now())
                // A long download or upload.
                if let pass = exchange?.pass { loop.core.routes.activity.saw(.requests, in: pass.workload) }
            }
            if silent > settings.silenceTime.components.seconds {
                upstream?.cut()
                upstream = nil
                if answerBegun { cut() } else { fail(.backendTooSlow(), status: "504 Gateway Timeout") }
            }
        case .tunnel:
            if loop.isDraining || !mayGoOn(exchange?.pass) || silent > settings.tunnelSilenceTime.components.seconds {
                return cut()
            }
            if silent <= 1 { exchange?.traffic?.touch(at: loop.core.clock.now()) }
            if wasSpoken, let pass = exchange?.pass { loop.core.routes.activity.saw(.requests, in: pass.workload) }
            wasSpoken = false
        case .detached:
            if loop.isDraining || !mayGoOn(detachedPass) || silent > settings.tunnelSilenceTime.components.seconds {
                cut()
            }
        case .closing: if silent > settings.silenceTime.components.seconds { cut() }
        case .lingering: if silent > Self.lingerSeconds { cut() }
        case .connecting, .closed: break
        }
    }

    /// Whether what was allowed at its start still is.
    private func mayGoOn(_ pass: EntryTokens.Pass?) -> Bool {
        switch entrance {
        case .port(let number): return loop.core.routes.port(number) != nil
        case .tools:
            guard let pass else { return true }
            return pass.expiry > loop.core.clock.now() && loop.core.routes.isLive(pass.login)
                && loop.core.routes.tool(pass.tool, of: pass.workload, for: pass.account) != nil
        }
    }
}
