import Crypto
import Foundation
import NIOCore
import NIOWebSocket
import WeirPlatform

/// A request for the terminal's websocket that has been allowed.
struct TerminalUpgrade {
    let pass: EntryTokens.Pass
    let key: String
    let name: String
    let columns: Int
    let rows: Int

    private static let mostFrame = 1 << 20

    func writeAnswer(into out: inout ByteBuffer) {
        let digest = Insecure.SHA1.hash(data: Data((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        out.writeString(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: \(Data(digest).base64EncodedString())\r\n\r\n")
    }

    /// Puts the frames' codec behind the connection's own handler, and gives the channel to the server's task group. Until
    /// that has taken it over nothing is read, so no frame is lost.
    func install(on channel: any Channel, core: GatewayCore) throws {
        try channel.syncOptions?.setOption(.autoRead, value: false)
        try channel.pipeline.syncOperations.addHandlers([
            WebSocketFrameEncoder(), ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: Self.mostFrame)), WebSocketRules(.frames),
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1024, maxAccumulatedFrameSize: Self.mostFrame),
            WebSocketRules(.messages),
        ])
        let opened = OpenedTerminal(channel: channel, workload: pass.workload, name: name, size: (columns, rows))
        guard case .enqueued = core.terminals.yield(opened) else { throw ChannelError.ioOnClosedChannel }
    }
}
