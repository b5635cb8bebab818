/// Reads along with what a client of SFTP sends (draft-ietf-secsh-filexfer-02), to know before the server does which file it opens to
/// write. Everything passes on unchanged; only such a request is held until all of it is there.
public struct SFTPStream: Sendable {
    /// A file that is about to be opened for writing.
    public struct Opening: Hashable, Sendable {
        /// As the client names it.
        public let path: [UInt8]
        /// What the file holds is thrown away.
        public let isEmptied: Bool

        public init(path: [UInt8], isEmptied: Bool) {
            self.path = path
            self.isEmptied = isEmptied
        }
    }

    public enum Step: Hashable, Sendable {
        /// So many of the bytes go on as they are.
        case pass(Int)
        /// So many of the bytes were taken in.
        case held(Int)
        /// So many of the bytes were taken in, and with them all that is held goes on, after what is to be done first.
        case release(Int, [UInt8], Opening?)
    }

    private static let headSize = 5
    /// The longest request that is waited for: sftp-server itself takes no path that is longer.
    private static let longest = 16 << 10
    private static let open: UInt8 = 3

    private var held: [UInt8] = []
    /// What is left of a packet that passes.
    private var left = 0

    public init() {}

    /// Looks at the next bytes, at least one. Bytes that did not go on are to be given again.
    public mutating func next(_ bytes: UnsafeRawBufferPointer) -> Step {
        guard left == 0 else { return .pass(min(left, bytes.count)) }
        let count = min(bytes.count, wanted - held.count)
        held += bytes.prefix(count)
        guard held.count >= wanted else { return .held(count) }
        defer { held = [] }
        let body = Int(Self.number(held[...]) ?? 0)
        guard held.count > Self.headSize else {
            left = max(0, body - 1)
            return .release(count, held, nil)
        }
        return .release(count, held, Self.opening(held.dropFirst(Self.headSize)))
    }

    /// So many of the bytes that may pass have gone on.
    public mutating func passed(_ count: Int) { left -= min(left, count) }

    /// How much of a packet is looked at as a whole: its head, or all of it when it opens a file.
    private var wanted: Int {
        guard held.count >= Self.headSize, held[4] == Self.open, let body = Self.number(held[...]), (1...Self.longest).contains(Int(body))
        else { return Self.headSize }
        return Int(body) + 4
    }

    /// `id`, name, `pflags`: 2 writes, 16 empties.
    private static func opening(_ body: ArraySlice<UInt8>) -> Opening? {
        guard let length = number(body.dropFirst(4)) else { return nil }
        let rest = body.dropFirst(8)
        guard Int(length) <= rest.count, let flags = number(rest.dropFirst(Int(length))), flags & 2 != 0 else { return nil }
        return Opening(path: Array(rest.prefix(Int(length))), isEmptied: flags & 16 != 0)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32? {
        guard bytes.count >= 4 else { return nil }
        return bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

extension SFTPStream.Opening {
    /// The file below the folder that stands at `/upload`, where clients begin. Nil for what cannot lead into it.
    public func file(below root: String) -> FilePath? {
        guard !path.contains(0) else { return nil }
        let top = Array(root.utf8.dropFirst())
        var components: [[UInt8]] = path.first == UInt8(ascii: "/") ? [] : [top]
        for part in path.split(separator: UInt8(ascii: "/")) {
            switch String(decoding: part, as: UTF8.self) {
            case ".": continue
            case "..": _ = components.popLast()
            default: components.append(Array(part))
            }
        }
        guard components.first == top, components.count > 1 else { return nil }
        return try? FilePath(components.dropFirst().map { FileNameText.text(of: $0) }.joined(separator: "/"))
    }
}
