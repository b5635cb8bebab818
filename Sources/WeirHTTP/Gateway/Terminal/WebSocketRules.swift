import NIOCore
import NIOWebSocket

/// Holds a browser to RFC 6455: whoever breaks it is told by the code of a closing frame, and nothing more is read.
///
/// It stands twice in the pipeline: before fragments are put together it looks at frames, behind that at whole messages.
final class WebSocketRules: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    enum Place { case frames, messages }

    private let place: Place
    private var isOver = false

    init(_ place: Place) { self.place = place }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        let frame = unwrapInboundIn(data)
        if let fault = place == .frames ? Self.fault(ofFrame: frame) : Self.fault(ofMessage: frame) { return end(fault, context) }
        if frame.opcode == .connectionClose, place == .messages { isOver = true }
        context.fireChannelRead(data)
    }

    /// What the decoder or the putting together of fragments refuses.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength, NIOWebSocketFrameAggregator.Error.accumulatedFrameSizeIsTooLarge,
            NIOWebSocketFrameAggregator.Error.tooManyFragments:
            end(.messageTooLarge, context)
        case is NIOWebSocketError, is NIOWebSocketFrameAggregator.Error: end(.protocolError, context)
        default: context.fireErrorCaught(error)
        }
    }

    private func end(_ code: WebSocketErrorCode, _ context: ChannelHandlerContext) {
        guard !isOver else { return }
        isOver = true
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.closing(code))).whenComplete { _ in bound.value.close(promise: nil) }
    }

    private static let known: Set<WebSocketOpcode> = [.continuation, .text, .binary, .connectionClose, .ping, .pong]

    private static func fault(ofFrame frame: WebSocketFrame) -> WebSocketErrorCode? {
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3, known.contains(frame.opcode) else { return .protocolError }
        let isControl = [.connectionClose, .ping, .pong].contains(frame.opcode)
        return isControl && (!frame.fin || frame.length > 125) ? .protocolError : nil
    }

    private static func fault(ofMessage frame: WebSocketFrame) -> WebSocketErrorCode? {
        var data = frame.unmaskedData
        switch frame.opcode {
        case .text: return data.isUTF8 ? nil : .dataInconsistentWithMessage
        case .connectionClose:
            guard data.readableBytes > 0 else { return nil }
            guard let code = data.readInteger(as: UInt16.self), isSent(code) else { return .protocolError }
            return data.isUTF8 ? nil : .dataInconsistentWithMessage
        default: return nil
        }
    }

    /// The codes that may stand in a frame (RFC 6455, 7.4).
    private static func isSent(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

extension WebSocketFrame {
    static func closing(_ code: WebSocketErrorCode) -> WebSocketFrame {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: code)
        return WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
    }

    /// The answer to a closing frame says its code again.
    var closingAnswer: WebSocketFrame {
        var data = unmaskedData
        return .closing(data.readWebSocketErrorCode() ?? .normalClosure)
    }
}

extension ByteBuffer {
    fileprivate var isUTF8: Bool { String(validating: readableBytesView, as: UTF8.self) != nil }
}
