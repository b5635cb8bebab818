import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes
import Synchronization

/// Remembers whether the client has gone while its request waits: what costs much is not done for nobody.
final class ClientPresence: ChannelInboundHandler, RemovableChannelHandler, Sendable {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let hasGone = Mutex(false)

    var isThere: Bool { !hasGone.withLock { $0 } }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed { hasGone.withLock { $0 = true } }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        hasGone.withLock { $0 = true }
        context.fireChannelInactive()
    }
}

extension Call {
    /// A question to ask at any time: whether the client still waits for the answer.
    func presence() async -> @Sendable () -> Bool {
        guard let presence = try? await information.channel.pipeline.handler(type: ClientPresence.self).get() else { return { true } }
        return { presence.isThere }
    }
}
