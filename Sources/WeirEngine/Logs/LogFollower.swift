import WeirModel

/// The place of somebody who reads a log as it is written.
public actor LogFollower {
    /// A program that just began writes soon, and one that was silent for long may be silent for longer: each wait is a
    /// fiftieth of the silence before it, so that nobody learns of a line much later than it took to be written.
    private static let waits: ClosedRange<Duration> = .milliseconds(2)...(.milliseconds(50))
    private let log: InstanceLog
    private let ended: @Sendable () async -> Bool
    private var offset: Int64
    /// The file as it was before all of the log was read; nil while there may be more.
    private var seen: (inode: UInt64, size: Int64)?
    private var quiet = 0
    /// When the last record was written; nil before the first, and when all has been told.
    private var lastTime: Timestamp?
    private var heard = ContinuousClock.now

    public init(_ log: InstanceLog, from offset: Int64, ended: @escaping @Sendable () async -> Bool) {
        self.log = log
        self.offset = offset
        self.ended = ended
    }

    /// The next records, at least one; nil when the instance has ended and all was read.
    public func next() async throws -> [LogRecord]? {
        while true {
            let current = try await log.current()
            let isNew = seen.map { $0 != current } ?? true
            if isNew || quiet > 0 {
                let page = try await log.read(from: offset, limit: 1000)
                seen = page.records.isEmpty && page.next == offset && !page.more ? current : nil
                offset = page.next
                if !page.records.isEmpty {
                    lastTime = page.records.last?.time
                    quiet = 0
                    heard = .now
                    return page.records
                }
            }
            // Output between the last reading and the end must not be lost: read again, twice.
            if quiet == 2 { return try await rest() }
            if quiet > 0 { quiet += 1 } else if await ended() { quiet = 1 }
            let silence = ContinuousClock.now - heard
            try await Task.sleep(for: min(max(silence / 50, Self.waits.lowerBound), Self.waits.upperBound))
        }
    }

    /// The beginning of a character that the program did not end; nil when there is none, or it was told.
    private func rest() async throws -> [LogRecord]? {
        guard let time = lastTime else { return nil }
        lastTime = nil
        let begun = try await log.begun(at: offset)
        guard !begun.isEmpty else { return nil }
        return begun.map { LogRecord(time: time, stream: $0.key, bytes: $0.value, partial: true, start: offset, end: offset) }
    }
}
