import NIOCore

extension ChannelHandlerContext {
    /// Closes the channel once all that was written is delivered; a peer that takes nothing is not waited for for ever.
    func closeAfterFlush() {
        let channel = channel
        let deadline = eventLoop.scheduleTask(in: .seconds(30)) { channel.close(promise: nil) }
        writeAndFlush(NIOAny(ByteBuffer())).whenComplete { _ in
            deadline.cancel()
            channel.close(promise: nil)
        }
    }
}
