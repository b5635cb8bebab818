import NIOCore

/// Keeps browsers away from ports in TCP mode, where nothing can be taken out of what they send.
///
/// Cookies know no ports: to a port on the console's host a browser sends the console's session, and what is carried as it is would hand it to
/// the tenant behind. So a client that begins with an HTTP/1 request is refused, and told to have the port opened in HTTP mode.
final class NoBrowsers: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A first line that has no end by then is no line.
    private static let longestLine = 64 << 10

    private let onRefusal: () -> Void
    private var held = ByteBuffer()
    private var wasRefused = false

    init(onRefusal: @escaping () -> Void) { self.onRefusal = onRefusal }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if wasRefused { return }
        held.writeImmutableBuffer(unwrapInboundIn(data))
        switch Beginning(of: held.readableBytesView, longestLine: Self.longestLine) {
        case .unknown: return
        case .other:
            pass(context)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        case .request: refuse(context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed, !wasRefused { pass(context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func pass(_ context: ChannelHandlerContext) {
        if held.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(held))
            context.fireChannelReadComplete()
        }
        held = ByteBuffer()
    }

    private func refuse(_ context: ChannelHandlerContext) {
        wasRefused = true
        held = ByteBuffer()
        onRefusal()
        let text = "This port carries TCP as it is, and HTTP is refused: have it opened in HTTP mode.\n"
        let answer = """
            HTTP/1.1 421 Misdirected Request\r
            Content-Type: text/plain; charset=utf-8\r
            Content-Length: \(text.utf8.count)\r
            Connection: close\r
            \r
            \(text)
            """
        context.write(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
        context.closeAfterFlush()
    }

    /// What the first bytes are.
    private enum Beginning {
        case unknown, request, other

        init(of bytes: ByteBufferView, longestLine: Int) {
            let method = bytes.prefix(17).prefix { (65...90).contains($0) }
            guard !method.isEmpty || bytes.isEmpty, method.count <= 16 else {
                self = .other
                return
            }
            if method.endIndex < bytes.endIndex, bytes[method.endIndex] != UInt8(ascii: " ") {
                self = .other
            } else if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                let line = bytes[..<end].suffix(10).filter { $0 != UInt8(ascii: "\r") }.suffix(9)
                self = line.elementsEqual(" HTTP/1.1".utf8) || line.elementsEqual(" HTTP/1.0".utf8) ? .request : .other
            } else {
                self = bytes.count > longestLine ? .other : .unknown
            }
        }
    }
}
