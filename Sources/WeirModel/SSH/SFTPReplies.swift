/// Reads along with what a server of SFTP answers (draft-ietf-secsh-filexfer-02) while nothing may be put into its folder, and gives every
/// refusal the reason in the place of "Permission denied": graphical clients show that, and nothing of what a session says beside it.
public struct SFTPReplies: Sendable {
    /// A text that is longer is cut.
    public static let longestReason = 512
    /// The longest answer that is looked at; what is longer passes as it is.
    public static let longestAnswer = 1024

    private static let headSize = 5
    private static let status: UInt8 = 101
    private static let permissionDenied: UInt32 = 3

    private let reason: [UInt8]
    private var held: [UInt8] = []
    /// What is left of a packet that passes.
    private var left = 0

    public init(reason: String) {
        var text = String.UnicodeScalarView()
        var size = 0
        for scalar in reason.unicodeScalars {
            size += UTF8.width(scalar)
            guard size <= Self.longestReason else { break }
            text.append(scalar)
        }
        self.reason = Array(String(text).utf8)
    }

    /// Gives what goes on to the client; the beginning of an answer is kept until all of it is there.
    public mutating func rewritten(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var out: [UInt8] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if left > 0 {
                let part = rest.prefix(left)
                out += part
                left -= part.count
                rest = rest.dropFirst(part.count)
                continue
            }
            let part = rest.prefix(wanted - held.count)
            held += part
            rest = rest.dropFirst(part.count)
            guard held.count >= wanted else { continue }
            if held.count > Self.headSize {
                out += explained(held)
            } else {
                out += held
                left = max(0, Int(Self.number(held[...])) - 1)
            }
            held = []
        }
        return out
    }

    /// How much of a packet is looked at as a whole: its head, or all of it when it says how something ended.
    private var wanted: Int {
        guard held.count >= Self.headSize, held[4] == Self.status else { return Self.headSize }
        let body = Int(Self.number(held[...]))
        return (1...Self.longestAnswer).contains(body) ? body + 4 : Self.headSize
    }

    /// `id`, code, message, language.
    private func explained(_ packet: [UInt8]) -> [UInt8] {
        guard packet.count >= 13, Self.number(packet[9...]) == Self.permissionDenied else { return packet }
        let body = [Self.status] + packet[5..<13] + Self.bytes(reason.count) + reason + Self.bytes(0)
        return Self.bytes(body.count) + body
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 { bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) } }

    private static func bytes(_ number: Int) -> [UInt8] {
        let number = UInt32(number)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> UInt32($0)) }
    }
}
