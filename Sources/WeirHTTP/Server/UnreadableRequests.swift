import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import WeirModel

/// Bytes that are no request, or have a head beyond 80 KiB, get an error like any other. Hummingbird alone answers them with an empty 400.
final class UnreadableRequests: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var fault: HeadFault?

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? HTTPParserError { fault = error == .headerOverflow ? .tooLarge : .malformed }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        // Answers to what came before on the same connection may still be on their way: none of them is an empty 400.
        guard let fault, case .head(let head) = unwrapOutboundIn(data), head.status == .badRequest,
            head.headerFields[.contentLength] == "0"
        else { return context.write(data, promise: promise) }
        self.fault = nil
        let id = RequestInformation.newID()
        let body = ByteBuffer(bytes: JSONWriter.bytes(of: ErrorAnswer.json(of: .badRequest(fault), in: .english, requestID: id)))
        let answer = HTTPResponse(
            status: fault == .tooLarge ? .requestHeaderFieldsTooLarge : .badRequest,
            headerFields: [
                .connection: "close", .contentType: "application/json; charset=utf-8", .contentLength: "\(body.readableBytes)",
                .contentLanguage: Language.english.rawValue, .requestID: id,
            ])
        context.write(wrapOutboundOut(.head(answer)), promise: promise)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
    }
}
