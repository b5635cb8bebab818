/// When data above the free amount may be deleted: 60 days after the balance was used up, announced before, and only with the
/// operator's approval (BIL-20). Until then storage goes on being charged (BIL-17).
public struct ArrearsDeletion: Hashable, Sendable {
    public static let days = 60
    /// Days before the deletion on which it is announced.
    public static let announcements = [14, 7, 1]
    private static let day: Duration = .seconds(86_400)

    /// Since when the balance has been used up and the data above the free amount, both without a break.
    public let since: Timestamp
    /// When each announcement was made.
    public let announced: [Int: Timestamp]
    public let approved: Bool

    public init(since: Timestamp, announced: [Int: Timestamp] = [:], approved: Bool = false) {
        self.since = since
        self.announced = announced
        self.approved = approved
    }

    public enum Step: Hashable, Sendable {
        case wait(until: Timestamp)
        /// To be announced now; the deletion follows no sooner than this many days later.
        case announce(days: Int)
        case awaitApproval
        case mayDelete
    }

    /// The earliest deletion: 60 days after `since`, and as many days after each announcement as it promised, also when Weir was down
    /// on the day on which it should have been made.
    public var earliest: Timestamp {
        let promised = Self.announcements.compactMap { days in announced[days].map { $0 + Self.day * days } }
        return promised.reduce(since + Self.day * Self.days, max)
    }

    public func step(now: Timestamp) -> Step {
        for days in Self.announcements where announced[days] == nil {
            let due = earliest - Self.day * days
            return now >= due ? .announce(days: days) : .wait(until: due)
        }
        guard now >= earliest else { return .wait(until: earliest) }
        return approved ? .mayDelete : .awaitApproval
    }

    /// How much may be deleted: what lies above the free amount, never the rest (X04).
    public static func deletable(held: Bytes, free: Bytes) -> Bytes { held > free ? held - free : 0 }
}
