import Foundation
import Glibc
import NIOPosix
public import WeirModel

/// One line, or a part of a long line, of what an instance wrote.
public struct LogRecord: Hashable, Sendable {
    public var time: Timestamp
    public var stream: Stream
    /// Without the line's end. Bytes that are not UTF-8 are shown as U+FFFD.
    public var text: String
    /// The line goes on in the next record of this stream: it is not yet ended, or very long.
    public var partial: Bool
    /// Where the record begins in the file, and where the next one does: hand `end` in to read on.
    public var start: Int64
    public var end: Int64

    public enum Stream: String, Sendable, Codable { case output = "stdout", errors = "stderr" }
}

/// Reads the file to which Podman writes an instance's output: `TIME stdout F text`, `P` in place of `F` for a part.
///
/// The engine keeps the file below `PodmanConfiguration.logLimit` by beginning it anew; an offset behind the end then means
/// the beginning.
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
    private static let longestLine = 128 << 10

    /// The bytes in the file; 0 when it is not there.
    public func size() async throws -> Int64 {
        let path = path
        return try await NIOThreadPool.singleton.runIfActive { Self.size(of: path) }
    }

    /// The offset itself, or for a negative one the first record that begins within so many bytes of the end.
    public func start(at offset: Int64) async throws -> Int64 {
        guard offset < 0 else { return offset }
        let path = path
        return try await NIOThreadPool.singleton.runIfActive {
            let size = Self.size(of: path)
            guard size > -offset else { return 0 }
            return try Self.page(path, from: size + offset, limit: 1, afterLineEnd: true).records.first?.start ?? size
        }
    }

    /// Reads whole records from `offset` on, `limit` of them at most.
    public func read(from offset: Int64 = 0, limit: Int = 1000) async throws -> Page {
        let path = path
        return try await NIOThreadPool.singleton.runIfActive { try Self.page(path, from: offset, limit: limit) }
    }

    /// Reads the last records, `limit` at most.
    public func tail(limit: Int) async throws -> Page {
        let path = path
        return try await NIOThreadPool.singleton.runIfActive {
            let size = Self.size(of: path)
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

/// Where somebody stands who reads a log as it is written.
public actor LogFollower {
    /// A program that just began writes soon, and one that was silent for long may be silent for longer: each wait is a
    /// fiftieth of the silence before it, so that nobody learns of a line much later than it took to be written.
    private static let waits: ClosedRange<Duration> = .milliseconds(2)...(.milliseconds(50))
    private let log: InstanceLog
    private let ended: @Sendable () async -> Bool
    private var offset: Int64
    private var quiet = 0
    private var heard = ContinuousClock.now

    public init(_ log: InstanceLog, from offset: Int64, ended: @escaping @Sendable () async -> Bool) {
        self.log = log
        self.offset = offset
        self.ended = ended
    }

    /// The next records, at least one; nil when the instance has ended and all was read.
    public func next() async throws -> [LogRecord]? {
        while true {
            let page = try await log.read(from: offset, limit: 1000)
            offset = page.next
            if !page.records.isEmpty {
                quiet = 0
                heard = .now
                return page.records
            }
            // What was written between the last reading and the end must not be lost: read again, twice.
            if quiet == 2 { return nil }
            if quiet > 0 { quiet += 1 } else if await ended() { quiet = 1 }
            let silence = ContinuousClock.now - heard
            try await Task.sleep(for: min(max(silence / 50, Self.waits.lowerBound), Self.waits.upperBound))
        }
    }
}

extension InstanceLog {
    private static func size(of path: String) -> Int64 {
        var status = stat()
        return stat(path, &status) == 0 ? Int64(status.st_size) : 0
    }

    private static func page(
        _ path: String, from asked: Int64, limit: Int, afterLineEnd: Bool = false
    ) throws -> Page {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            return Page(records: [], next: 0, more: false)
        }
        defer { close(descriptor) }
        let size = Int64(lseek(descriptor, 0, SEEK_END))
        var offset = asked < 0 || asked > size ? 0 : asked
        var bytes = [UInt8](repeating: 0, count: Int(min(Int64(chunk), size - offset)))
        let count = bytes.isEmpty ? 0 : pread(descriptor, &bytes, bytes.count, off_t(offset))
        guard count > 0 else { return Page(records: [], next: offset, more: false) }
        bytes.removeLast(bytes.count - count)
        var position = 0
        if afterLineEnd {
            position = (bytes.firstIndex(of: 10) ?? bytes.count - 1) + 1
        }
        var records: [LogRecord] = []
        while records.count < limit || records.last?.partial == true, let end = bytes[position...].firstIndex(of: 10) {
            let start = offset + Int64(position)
            if let record = record(bytes[position..<end], start: start, end: offset + Int64(end) + 1) {
                append(record, to: &records)
            }
            position = end + 1
        }
        // A line longer than all that a record may hold is passed over, or nothing would ever be read behind it.
        if position == 0 && count >= longestLine { position = count }
        offset += Int64(position)
        return Page(records: records, next: offset, more: offset < size && position > 0)
    }

    /// Podman cuts lines where its buffer ends: the parts are put together again as far as they stand side by side.
    private static func append(_ record: LogRecord, to records: inout [LogRecord]) {
        guard let last = records.last, last.partial, last.stream == record.stream, last.end == record.start,
            last.text.utf8.count < longestLine
        else { return records.append(record) }
        records[records.count - 1].text += record.text
        records[records.count - 1].partial = record.partial
        records[records.count - 1].end = record.end
    }

    /// `2026-11-21T07:54:29.863678313+00:00 stdout F text`
    static func record(_ line: ArraySlice<UInt8>, start: Int64, end: Int64) -> LogRecord? {
        let parts = line.split(separator: 32, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, let time = LogTime.read(parts[0]),
            let stream = LogRecord.Stream(rawValue: String(decoding: parts[1], as: UTF8.self))
        else { return nil }
        let text = parts.count > 3 ? String(decoding: parts[3], as: UTF8.self) : ""
        return LogRecord(
            time: time, stream: stream, text: text, partial: parts[2].first == UInt8(ascii: "P"), start: start, end: end)
    }
}

/// Reads the times of a log without a date formatter, which would cost more than all the rest.
enum LogTime {
    static func read(_ text: ArraySlice<UInt8>) -> Timestamp? {
        let digits = Array(text)
        func number(_ from: Int, _ count: Int) -> Int64? {
            guard from + count <= digits.count else { return nil }
            return digits[from..<from + count].reduce(Int64?(0)) { value, digit in
                guard let value, (48...57).contains(digit) else { return nil }
                return value * 10 + Int64(digit - 48)
            }
        }
        guard let year = number(0, 4), let month = number(5, 2), let day = number(8, 2), let hour = number(11, 2),
            let minute = number(14, 2), let second = number(17, 2)
        else { return nil }
        var position = 19
        var milliseconds: Int64 = 0
        if position < digits.count, digits[position] == UInt8(ascii: ".") {
            let fraction = digits[(position + 1)...].prefix { (48...57).contains($0) }
            for place in 0..<3 {
                milliseconds = milliseconds * 10 + (place < fraction.count ? Int64(fraction[position + 1 + place] - 48) : 0)
            }
            position += 1 + fraction.count
        }
        var shift: Int64 = 0
        if position < digits.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(digits[position]),
            let hours = number(position + 1, 2), let minutes = number(position + 4, 2)
        {
            shift = (hours * 60 + minutes) * (digits[position] == UInt8(ascii: "+") ? 60 : -60)
        }
        let seconds = Timestamp.days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - shift
        return Timestamp(milliseconds: seconds * 1000 + milliseconds)
    }
}
