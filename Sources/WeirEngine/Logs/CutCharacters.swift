import Glibc

/// The runtime hands its buffer on when it is full, in the middle of a character as well: the first bytes of such a character stand at the
/// end of one part of a line, and the rest at the beginning of the next.
enum CutCharacters {
    /// Parts of lines are no longer than the runtime's buffer of 8 KiB.
    private static let window: Int64 = 32 << 10
    /// A character has four bytes at the most.
    private static let most = 3

    /// The number of bytes at the end that begin an incomplete character of UTF-8.
    static func begun(at bytes: some BidirectionalCollection<UInt8>) -> Int {
        for (place, byte) in bytes.reversed().prefix(most).enumerated() {
            let length =
                switch byte {
                case 0x80...0xBF: 0
                case 0xC2...0xDF: 2
                case 0xE0...0xEF: 3
                case 0xF0...0xF4: 4
                default: 1
                }
            if length > 0 { return length > place + 1 ? place + 1 : 0 }
        }
        return 0
    }

    /// The bytes of a character begun before a place at which a line begins, for each stream.
    static func before(_ offset: Int64, in part: LogPart, _ file: CInt, after previous: LogPart?) throws -> [LogRecord.Stream: [UInt8]] {
        if offset > part.start { return left(by: read(file, upTo: offset - part.start)) }
        guard let previous, previous.end == offset, !part.isAfterUnseen, let file = try previous.open() else { return [:] }
        defer { close(file) }
        return left(by: read(file, upTo: previous.size))
    }

    private static func read(_ file: CInt, upTo end: Int64) -> [UInt8] {
        let start = max(end - window, 0)
        var bytes = [UInt8](repeating: 0, count: Int(end - start))
        let count = pread(file, &bytes, bytes.count, off_t(start))
        bytes.removeLast(bytes.count - max(count, 0))
        return bytes
    }

    private static func left(by bytes: [UInt8]) -> [LogRecord.Stream: [UInt8]] {
        var ends: [LogRecord.Stream: [UInt8]] = [:]
        var open = Set(LogRecord.Stream.allCases)
        for line in bytes.split(separator: 10).reversed() where !open.isEmpty {
            guard let line = LogLine(line), open.contains(line.stream) else { continue }
            guard line.partial else {
                open.remove(line.stream)
                continue
            }
            // A program that writes byte by byte has a character in more parts than two.
            ends[line.stream] = line.bytes.suffix(most) + (ends[line.stream] ?? [])
            if ends[line.stream, default: []].count >= most { open.remove(line.stream) }
        }
        return ends.mapValues { $0.suffix(begun(at: $0)) }.filter { !$0.value.isEmpty }
    }
}
