import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// A client that asks before it sends its body (`Expect: 100-continue`, RFC 9110, 10.1.1) is told to once somebody reads it. Whoever is
/// refused by the head alone sends nothing: who has no login, and whose file is too large.
final class BodyInvitations: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Somebody reads the body.
    struct Wanted: Sendable {}

    private var isAsked = false
    /// Requests whose answers have not ended.
    private var unanswered = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            unanswered += 1
            isAsked = head.asksBeforeBody
        case .body, .end: isAsked = false
        }
        context.fireChannelRead(data)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is Wanted else { return context.triggerUserOutboundEvent(event, promise: promise) }
        promise?.succeed(())
        guard isAsked else { return }
        isAsked = false
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where isAsked && unanswered == 1:
            // The client may send the body or not, so nobody could tell where its next request begins.
            head.headerFields[.connection] = "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            unanswered -= 1
            context.write(data, promise: promise)
        default: context.write(data, promise: promise)
        }
    }
}

/// A body that its first reader sends for.
struct InvitedBody: AsyncSequence, Sendable {
    let body: RequestBody
    let channel: any Channel

    func makeAsyncIterator() -> Iterator { Iterator(body: body.makeAsyncIterator(), channel: channel) }

    struct Iterator: AsyncIteratorProtocol {
        private var body: RequestBody.AsyncIterator
        private let channel: any Channel
        private var isInvited = false

        init(body: RequestBody.AsyncIterator, channel: any Channel) {
            self.body = body
            self.channel = channel
        }

        mutating func next() async throws -> ByteBuffer? {
            if !isInvited {
                isInvited = true
                channel.triggerUserOutboundEvent(BodyInvitations.Wanted(), promise: nil)
            }
            return try await body.next()
        }
    }
}

extension HTTPRequest {
    var asksBeforeBody: Bool { method != .get && method != .head && headerFields[.expect]?.lowercased() == "100-continue" }
}
