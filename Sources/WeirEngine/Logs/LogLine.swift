import WeirModel

/// A line of a log's file: `2026-11-21T07:54:29.863678313+00:00 stdout F text`.
struct LogLine {
    var time: Timestamp
    var stream: LogRecord.Stream
    var partial: Bool
    var bytes: ArraySlice<UInt8>

    /// Nil for what is none.
    init?(_ line: ArraySlice<UInt8>) {
        let parts = line.split(separator: 32, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, let time = LogTime.read(parts[0]),
            let stream = LogRecord.Stream(rawValue: String(decoding: parts[1], as: UTF8.self))
        else { return nil }
        self.time = time
        self.stream = stream
        partial = parts[2].first == UInt8(ascii: "P")
        bytes = parts.count > 3 ? parts[3] : []
    }
}
