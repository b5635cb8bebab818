public import WeirModel

/// A full hour after which a calendar does what it does on few days, in a zone where it does so. What is charged by time is tested under
/// all of them: neither the day on which tests run nor the only one that was tried may matter.
public struct TestDay: Hashable, Sendable, CustomStringConvertible {
    public let description: String
    public let hour: Timestamp
    public let zone: String

    private init(_ name: String, _ hour: String, _ zone: String) {
        description = name
        self.hour = Timestamp(hour) ?? Timestamp(milliseconds: 0)
        self.zone = zone
    }

    public static let all = [
        ordinary,
        TestDay("the last hour of November in Shanghai", "2026-11-30T15:00:00Z", "Asia/Shanghai"),
        TestDay("the last day but one of November in Shanghai", "2026-11-29T16:00:00Z", "Asia/Shanghai"),
        TestDay("the last hour of a year in Berlin", "2026-12-31T22:00:00Z", "Europe/Berlin"),
        TestDay("the last hour of 29 February in New York", "2028-03-01T04:00:00Z", "America/New_York"),
        TestDay("the night of 23 hours in Berlin", "2027-03-28T00:00:00Z", "Europe/Berlin"),
        TestDay("the night of 25 hours in Berlin", "2026-10-25T00:00:00Z", "Europe/Berlin"),
        TestDay("the night of 23 hours in New York", "2027-03-14T06:00:00Z", "America/New_York"),
        TestDay("the night of 25 hours in New York, which begins a month", "2026-11-01T05:00:00Z", "America/New_York"),
    ]

    public static let ordinary = TestDay("an ordinary day in Shanghai", "2026-03-01T09:00:00Z", "Asia/Shanghai")

    /// Those on which so much time after the hour lies in the same month: what the end of a month does is tested by itself.
    public static func all(staying time: Duration) -> [TestDay] {
        all.filter { day in
            // A zone that there is not fails every other test of the day.
            guard let calendar = try? BillingCalendar(zone: day.zone) else { return true }
            return (try? calendar.month(of: day.hour) == calendar.month(of: day.moment(time))) ?? true
        }
    }

    /// For tests that have a seed: each day has its turn.
    public static func chosen(by seed: UInt64) -> TestDay { all[Int(seed % UInt64(all.count))] }

    /// A clock that stands so long after the hour.
    public func clock(after time: Duration = .zero) -> ManualClock { ManualClock((hour + time).description) }

    /// A moment so long after the hour.
    public func moment(_ time: Duration) -> Timestamp { hour + time }
}
