import Foundation
import Logging
import NIOCore
import NIOWebSocket
import WeirEngine
import WeirModel
import WeirPlatform

/// Carries a terminal over a websocket: binary frames are its bytes, text frames are `{"columns":80,"rows":24}`.
///
/// Only the attachment ends with the page; the shell belongs to tmux in the instance (X16).
struct TerminalBridge {
    let opened: OpenedTerminal
    let openTerminal: GatewayServer.OpenTerminal
    let activity: WorkloadActivity
    let logger: Logger

    func run() async {
        do {
            try await frames().executeThenClose { inbound, outbound in
                let session: any TerminalSession
                do {
                    let size = TerminalSize(columns: opened.size.columns, rows: opened.size.rows)
                    session = try await openTerminal(opened.workload, size, opened.name)
                } catch {
                    let message = (error as? WeirError)?.message ?? Self.notOpened
                    try await outbound.write(Self.binary(Array("\r\n\(message.en)\r\n\(message.zh)\r\n".utf8)))
                    return try await outbound.write(.closing(.unexpectedServerError))
                }
                do {
                    try await carry(session, inbound, outbound)
                } catch {
                    logger.debug("terminal ended", metadata: ["error": "\(error)", "workload": "\(opened.workload)"])
                }
                await session.close()
            }
        } catch {
            logger.debug("terminal lost", metadata: ["error": "\(error)", "workload": "\(opened.workload)"])
        }
    }

    private static let notOpened = LocalizedText("The terminal could not be opened.", zh: "无法打开终端。")

    /// The channel's frames, read from now on.
    private func frames() async throws -> NIOAsyncChannel<WebSocketFrame, WebSocketFrame> {
        let channel = opened.channel
        return try await channel.eventLoop.submit {
            guard channel.isActive else { throw ChannelError.ioOnClosedChannel }
            let frames = try NIOAsyncChannel<WebSocketFrame, WebSocketFrame>(wrappingChannelSynchronously: channel)
            try channel.syncOptions?.setOption(.autoRead, value: true)
            return frames
        }.get()
    }

    /// Until either side ends.
    private func carry(
        _ session: any TerminalSession, _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for try await bytes in session.output { try await outbound.write(Self.binary(bytes)) }
                try await outbound.write(.closing(.normalClosure))
            }
            group.addTask { try await take(inbound, for: session, outbound) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func take(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, for session: any TerminalSession,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    ) async throws {
        for try await frame in inbound {
            let data = frame.unmaskedData
            switch frame.opcode {
            case .binary:
                activity.saw(.keyboard, in: opened.workload)
                try await session.write(Array(data.readableBytesView))
            case .text:
                if let size = try? JSONDecoder().decode(TerminalSize.self, from: Data(data.readableBytesView)) {
                    try await session.resize(TerminalSize(columns: size.columns, rows: size.rows))
                }
            case .ping: try await outbound.write(WebSocketFrame(fin: true, opcode: .pong, data: data))
            case .connectionClose: return try await outbound.write(frame.closingAnswer)
            default: break
            }
        }
    }

    private static func binary(_ bytes: [UInt8]) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: .binary, data: ByteBuffer(bytes: bytes))
    }
}
