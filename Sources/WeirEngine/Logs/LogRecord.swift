public import WeirModel

/// One line, or a part of a long line, of what an instance wrote.
public struct LogRecord: Hashable, Sendable {
    public var time: Timestamp
    public var stream: Stream
    /// As the program wrote them, without the line's end: carriage returns and colours among them.
    public var bytes: [UInt8]
    /// The line goes on in the next record of this stream: it is not yet ended, or very long.
    public var partial: Bool
    /// The place of the record in the log, and of the next one: hand `end` in to read on.
    public var start: Int64
    public var end: Int64
    /// The gap between the record before, or the place asked for, and this one.
    public var gap: LogGap?

    /// Bytes that are not UTF-8 are shown as U+FFFD.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public enum Stream: String, Sendable, Codable, CaseIterable { case output = "stdout", errors = "stderr" }
}

/// A piece of a log that is not kept any more.
public struct LogGap: Hashable, Sendable {
    /// Of the log, times included; nil where nobody saw how much it was.
    public var bytes: Int64?

    public init(bytes: Int64?) { self.bytes = bytes }

    /// For a reader who sees text only.
    public var text: LocalizedText {
        guard let bytes else {
            return LocalizedText(
                "[Weir was not running when the log went on here: output may be missing]", zh: "[Weir 未运行期间日志在此续写：可能缺少部分输出]")
        }
        return LocalizedText(
            "[\(bytes) bytes of the log are left out here: its beginning and its newest part are kept]",
            zh: "[此处略去 \(bytes) 字节日志：仅保留开头与最新部分]")
    }
}
