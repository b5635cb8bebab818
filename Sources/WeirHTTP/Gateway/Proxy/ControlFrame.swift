import NIOCore

/// A frame that a browser sends on a websocket by itself, without anybody having done anything, as the answer to a ping.
enum ControlFrame {
    private static let largest = 131

    /// Whether the bytes are one control frame (RFC 6455, 5.5) and nothing else. A frame that is cut counts as said.
    static func isAlone(in bytes: ByteBuffer) -> Bool {
        let start = bytes.readerIndex
        guard (6...largest).contains(bytes.readableBytes), let first: UInt8 = bytes.getInteger(at: start),
            let second: UInt8 = bytes.getInteger(at: start + 1)
        else { return false }
        return first & 0x8F >= 0x88 && second & 0x80 != 0 && Int(second & 0x7F) + 6 == bytes.readableBytes
    }
}
