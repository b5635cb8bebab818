/// One run of a workload as billing sees it: from entering running until its resources are freed, by the engine's own times
/// (X03, BIL-26).
public struct MeteredRun: Hashable, Sendable, Codable {
    public let run: RunIdentity
    public let start: Timestamp
    /// Nil while it runs. An end before the start, from a clock that was stepped back, counts as no time.
    public let end: Timestamp?
    /// Fixed when the run started (BIL-06).
    public let price: RunPrice

    public init(run: RunIdentity, start: Timestamp, end: Timestamp? = nil, price: RunPrice) {
        self.run = run
        self.start = start
        self.end = end
        self.price = price
    }

    /// How many minutes of the run begin before `moment`. At the end of the run this is its duration rounded up to the minute,
    /// the only place where time is rounded (BIL-04); the minutes of a settlement are differences of it.
    public func minutes(until moment: Timestamp) throws(WeirError) -> Int64 {
        guard BillingCalendar.range.contains(start), BillingCalendar.range.contains(moment) else { throw .timeOutOfRange() }
        let elapsed = max(0, moment.milliseconds - start.milliseconds)
        return (elapsed + BillingCalendar.minute - 1) / BillingCalendar.minute
    }

    /// When the minute of that index begins, counted from 0.
    func beginning(ofMinute index: Int64) throws(WeirError) -> Timestamp {
        guard (0...Self.mostMinutes).contains(index), BillingCalendar.range.contains(start) else { throw .timeOutOfRange() }
        return start + .milliseconds(index * BillingCalendar.minute)
    }

    /// More minutes than lie between 1970 and the end of 9999.
    static let mostMinutes: Int64 = 4_300_000_000
}

/// A run by its workload and its number among the workload's runs.
public struct RunIdentity: Hashable, Sendable, Codable, CustomStringConvertible {
    public let workload: Identifier<Workload>
    public let number: Int

    public init(workload: Identifier<Workload>, number: Int) {
        self.workload = workload
        self.number = number
    }

    public var description: String { "\(workload)/\(number)" }
}
