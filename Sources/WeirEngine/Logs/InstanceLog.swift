import Foundation
import Glibc
import NIOPosix

/// Reads the files to which Podman writes an instance's output: `TIME stdout F text`, `P` in place of `F` for a part.
///
/// A log over `PodmanConfiguration.logLimit` lacks its middle (`LogParts`): the record behind the gap says so. An offset behind the end
/// means the beginning.
public struct InstanceLog: Hashable, Sendable {
    public var path: String

    public init(path: String) { self.path = path }

    public struct Page: Hashable, Sendable {
        public var records: [LogRecord]
        /// Where to read on.
        public var next: Int64
        /// Whether there was more at the time of reading.
        public var more: Bool
    }

    private static let chunk = 256 << 10
    fileprivate static let longestLine = 128 << 10

    /// The bytes of the log; 0 when it is not there.
    public func size() async throws -> Int64 {
        let path = path
        return try await NIOThreadPool.singleton.runIfActive { LogParts.of(path).last?.end ?? 0 }
    }

    /// The file that is written now, by which it is told in one call whether there is anything new; nothing when there is none.
    func current() async throws -> (inode: UInt64, size: Int64) {
        let path = path
        return try await NIOThreadPool.singleton.runIfActive { LogParts.measure(path) ?? (0, 0) }
    }

    /// The offset itself, or for a negative one the first record that begins within so many bytes of the end.
    public func start(at offset: Int64) async throws -> Int64 {
        guard offset < 0 else { return offset }
        let path = path
        return try await NIOThreadPool.singleton.runIfActive {
            let size = LogParts.of(path).last?.end ?? 0
            guard size > -offset else { return 0 }
            return try Self.page(path, from: size + offset, limit: 1, afterLineEnd: true).records.first?.start ?? size
        }
    }

    /// Reads whole records from `offset` on, `limit` of them at most. `isOver` says that nothing more will be written: a character that was
    /// begun and not ended belongs to the last record then.
    public func read(from offset: Int64 = 0, limit: Int = 1000, isOver: Bool = false) async throws -> Page {
        let path = path
        return try await NIOThreadPool.singleton.runIfActive { try Self.page(path, from: offset, limit: limit, isOver: isOver) }
    }

    /// The bytes of characters that were begun and not ended before the end of the log; nothing where `offset` is not that end.
    func begun(at offset: Int64) async throws -> [LogRecord.Stream: [UInt8]] {
        let path = path
        return try await NIOThreadPool.singleton.runIfActive {
            let parts = LogParts.of(path)
            guard let part = parts.last, part.end == offset, let file = try part.open() else { return [:] }
            defer { close(file) }
            return try CutCharacters.before(offset, in: part, file, after: parts.dropLast().last)
        }
    }

    /// Reads the last records, `limit` at most.
    public func tail(limit: Int) async throws -> Page {
        let path = path
        return try await NIOThreadPool.singleton.runIfActive {
            let size = LogParts.of(path).last?.end ?? 0
            var back = Int64(64 << 10)
            while true {
                let start = max(size - back, 0)
                var records: [LogRecord] = []
                var next = start
                repeat {
                    let page = try Self.page(path, from: next, limit: .max, afterLineEnd: start > 0 && next == start)
                    records += page.records
                    guard page.next > next else { break }
                    next = page.next
                } while next < size
                if records.count >= limit || start == 0 || back > 8 << 20 {
                    return Page(records: records.suffix(limit), next: next, more: false)
                }
                back *= 4
            }
        }
    }

    /// The records from `offset` on, in portions, and then each new one as it is written. Ends when `ended` says that the
    /// instance has ended and all was read; `ended` is asked only when there is nothing new.
    public func follow(
        from offset: Int64 = 0, ended: @escaping @Sendable () async -> Bool
    ) -> AsyncThrowingStream<[LogRecord], any Error> {
        let follower = LogFollower(self, from: offset, ended: ended)
        return AsyncThrowingStream { try await follower.next() }
    }
}

extension InstanceLog {
    private static func page(
        _ path: String, from asked: Int64, limit: Int, afterLineEnd: Bool = false, isOver: Bool = false
    ) throws -> Page {
        // A file may be removed, and another begun, between the look at them and the opening.
        for _ in 0..<10 {
            let parts = LogParts.of(path)
            let end = parts.last?.end ?? 0
            let offset = asked < 0 || asked > end ? 0 : asked
            guard let index = parts.firstIndex(where: { offset < $0.end }) else { return Page(records: [], next: offset, more: false) }
            let part = parts[index]
            guard let file = try part.open() else { continue }
            defer { close(file) }
            let start = max(offset, part.start)
            var bytes = [UInt8](repeating: 0, count: Int(min(Int64(chunk), part.end - start)))
            let count = pread(file, &bytes, bytes.count, off_t(start - part.start))
            guard count > 0 else { return Page(records: [], next: offset, more: false) }
            bytes.removeLast(bytes.count - count)
            // From the middle of a line on; a part begins with a line.
            let first = afterLineEnd && start == asked && start > part.start ? (bytes.firstIndex(of: 10) ?? count - 1) + 1 : 0
            let cut = try CutCharacters.before(start + Int64(first), in: part, file, after: parts[..<index].last)
            var reader = PageReader(offset: start, limit: limit, cut: cut)
            var position = reader.read(bytes, from: first)
            // A line longer than all that a record may hold is passed over, or nothing would ever be read behind it; and so is one that
            // was never ended, in a file behind which there is another.
            if position == 0, count >= longestLine || (start + Int64(count) == part.end && index < parts.count - 1) { position = count }
            if isOver, index == parts.count - 1, start + Int64(position) == part.end { reader.finish() }
            var records = reader.records
            if !records.isEmpty, offset < part.start || (offset == part.start && part.isAfterUnseen) {
                records[0].gap = LogGap(bytes: part.isAfterUnseen ? nil : part.start - offset)
            }
            // While there is no line behind what is missing, the place asked for stays: the gap is told with the first one.
            let next = position == 0 ? offset : start + Int64(position)
            return Page(records: records, next: next, more: next < end && position > 0)
        }
        return Page(records: [], next: max(asked, 0), more: true)
    }
}

/// Reads the lines of one portion of a log's file.
private struct PageReader {
    let offset: Int64
    let limit: Int
    /// The beginnings of characters that the runtime's buffer cut in two.
    var cut: [LogRecord.Stream: [UInt8]]
    var records: [LogRecord] = []

    /// Returns where the next line begins.
    mutating func read(_ bytes: [UInt8], from first: Int) -> Int {
        var position = first
        while records.count < limit || records.last?.partial == true, let end = bytes[position...].firstIndex(of: 10) {
            if let line = LogLine(bytes[position..<end]) {
                append(line, start: offset + Int64(position), end: offset + Int64(end) + 1)
            }
            position = end + 1
        }
        return position
    }

    /// Nothing more comes: what was begun is told as it is, in the record that it ends or, where another page had that, in one of its own.
    mutating func finish() {
        for (stream, bytes) in cut {
            if let index = records.lastIndex(where: { $0.stream == stream }), records[index].partial {
                records[index].bytes += bytes
            } else if let last = records.last {
                records.append(
                    LogRecord(time: last.time, stream: stream, bytes: bytes, partial: true, start: last.end, end: last.end))
            }
        }
        cut = [:]
    }

    /// Podman cuts lines where its buffer ends: the parts are put together again as far as they stand side by side. A character that is cut
    /// belongs to the part in which it ends, also when another stream wrote in between.
    private mutating func append(_ line: LogLine, start: Int64, end: Int64) {
        var bytes = (cut.removeValue(forKey: line.stream) ?? []) + line.bytes
        if line.partial {
            let begun = CutCharacters.begun(at: bytes)
            if begun > 0 { cut[line.stream] = bytes.suffix(begun) }
            bytes.removeLast(begun)
        }
        if let last = records.last, last.partial, last.stream == line.stream, last.end == start,
            last.bytes.count < InstanceLog.longestLine
        {
            records[records.count - 1].bytes += bytes
            records[records.count - 1].partial = line.partial
            records[records.count - 1].end = end
        } else {
            records.append(LogRecord(time: line.time, stream: line.stream, bytes: bytes, partial: line.partial, start: start, end: end))
        }
    }
}
