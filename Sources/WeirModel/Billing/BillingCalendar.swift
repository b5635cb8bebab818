import Foundation

/// The days and months of bills, in the installation's time zone (BIL-07, BIL-15). All other billing counts in absolute time, so
/// that neither daylight saving nor the zone changes what a minute costs.
public struct BillingCalendar: Sendable {
    /// Moments that billing accepts: 1970 to the end of 9999, UTC.
    public static let range = Timestamp(milliseconds: 0)...Timestamp(milliseconds: 253_402_300_799_999)
    public static let hour: Int64 = 3_600_000
    static let minute: Int64 = 60_000

    /// The name of the time zone: `Asia/Shanghai`.
    public let zone: String
    private let calendar: Calendar
    /// The first moments of the months from 2000 on, so that the month of a charge is looked up and not computed: a ledger's
    /// verification asks for it millions of times.
    private let monthStarts: [Timestamp]
    private static let tabled = 2000..<2100

    /// Throws `malformed` for a name that is no time zone's.
    public init(zone: String) throws(WeirError) {
        guard let timeZone = TimeZone(identifier: zone) else { throw .malformed("time_zone", "a time zone's name", rule: "BIL-07") }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = timeZone
        self.calendar = calendar
        self.zone = zone
        var starts: [Timestamp] = []
        for year in Self.tabled {
            for month in 1...12 {
                let noon = calendar.date(from: DateComponents(year: year, month: month, day: 1, hour: 12))
                guard let noon, let day = calendar.dateInterval(of: .day, for: noon) else { throw .timeOutOfRange() }
                starts.append(Timestamp(day.start))
            }
        }
        monthStarts = starts
    }

    public func month(of moment: Timestamp) throws(WeirError) -> BillMonth {
        if let index = tableIndex(of: moment) {
            return BillMonth(year: Self.tabled.lowerBound + index / 12, month: index % 12 + 1)
        }
        let parts = calendar.dateComponents([.year, .month], from: try checked(moment).date)
        guard let year = parts.year, let month = parts.month else { throw .timeOutOfRange() }
        return BillMonth(year: year, month: month)
    }

    public func day(of moment: Timestamp) throws(WeirError) -> BillDay {
        let parts = calendar.dateComponents([.year, .month, .day], from: try checked(moment).date)
        guard let year = parts.year, let month = parts.month, let day = parts.day else { throw .timeOutOfRange() }
        return BillDay(month: BillMonth(year: year, month: month), day: day)
    }

    /// From the first moment of the calendar month around `moment` to the first of the next.
    public func monthBounds(around moment: Timestamp) throws(WeirError) -> Range<Timestamp> {
        if let index = tableIndex(of: moment) { return monthStarts[index]..<monthStarts[index + 1] }
        return try bounds(of: .month, moment)
    }

    /// From the first moment of the calendar day around `moment` to the first of the next: 23 to 25 hours, as daylight saving goes.
    public func dayBounds(around moment: Timestamp) throws(WeirError) -> Range<Timestamp> { try bounds(of: .day, moment) }

    /// The bounds of a day by its name. Throws `malformed` for a day that the calendar does not have.
    public func bounds(of day: BillDay) throws(WeirError) -> Range<Timestamp> {
        let parts = DateComponents(year: day.month.year, month: day.month.month, day: day.day, hour: 12)
        guard let noon = calendar.date(from: parts) else { throw .malformed("day", "YYYY-MM-DD", rule: "BIL-15") }
        let bounds = try dayBounds(around: Timestamp(noon))
        guard try self.day(of: bounds.lowerBound) == day else { throw .malformed("day", "YYYY-MM-DD", rule: "BIL-15") }
        return bounds
    }

    /// The starts of the absolute hours that fall into a day: one storage sample each (BIL-15).
    public func hours(of day: BillDay) throws(WeirError) -> [Timestamp] { Self.hours(in: try bounds(of: day)) }

    /// The starts of the absolute hours that fall into a span.
    public static func hours(in span: Range<Timestamp>) -> [Timestamp] {
        let first = hourStart(span.lowerBound + .milliseconds(hour - 1))
        return stride(from: first.milliseconds, to: span.upperBound.milliseconds, by: Int(hour)).map(Timestamp.init(milliseconds:))
    }

    /// The days after `last` that are over by `now`, the oldest first and `most` of them; for nil, the one before `now`'s.
    public func daysOver(after last: BillDay?, by now: Timestamp, most: Int = 400) throws(WeirError) -> [BillDay] {
        let today = try dayBounds(around: now).lowerBound
        var cursor = today - .milliseconds(1)
        if let last { cursor = try bounds(of: last).upperBound }
        var days: [BillDay] = []
        while cursor < today, days.count < most {
            days.append(try day(of: cursor))
            cursor = try dayBounds(around: cursor).upperBound
        }
        return days
    }

    /// The start of the absolute hour around a moment, the same in every time zone.
    public static func hourStart(_ moment: Timestamp) -> Timestamp {
        let rest = moment.milliseconds % hour
        return Timestamp(milliseconds: moment.milliseconds - (rest < 0 ? rest + hour : rest))
    }

    /// The next boundary after a moment where settlement and stopping happen (BIL-05, BIL-19).
    public static func nextHour(after moment: Timestamp) -> Timestamp { hourStart(moment) + .milliseconds(hour) }

    /// `2026-11-30 23:30:00`, for texts.
    public func text(_ moment: Timestamp) -> String {
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: moment.date)
        let date = [parts.month, parts.day].map { ($0 ?? 0).padded(2) }.joined(separator: "-")
        let time = [parts.hour, parts.minute, parts.second].map { ($0 ?? 0).padded(2) }.joined(separator: ":")
        return "\((parts.year ?? 0).padded(4))-\(date) \(time)"
    }

    /// `2026-11-30 23:30`, for what people are told will happen.
    public func minuteText(_ moment: Timestamp) -> String { String(text(moment).dropLast(3)) }

    /// The last month of the table that starts by `moment` and is not the last of all; nil outside of the table.
    private func tableIndex(of moment: Timestamp) -> Int? {
        guard let first = monthStarts.first, let last = monthStarts.last, moment >= first, moment < last else { return nil }
        var (low, high) = (0, monthStarts.count - 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if monthStarts[middle] <= moment { low = middle } else { high = middle }
        }
        return low
    }

    private func bounds(of component: Calendar.Component, _ moment: Timestamp) throws(WeirError) -> Range<Timestamp> {
        guard let interval = calendar.dateInterval(of: component, for: try checked(moment).date) else { throw .timeOutOfRange() }
        return Timestamp(interval.start)..<Timestamp(interval.end)
    }

    func checked(_ moment: Timestamp) throws(WeirError) -> Timestamp {
        guard Self.range.contains(moment) else { throw .timeOutOfRange() }
        return moment
    }
}

/// A calendar month of bills: `2026-11`.
public struct BillMonth: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let year: Int
    public let month: Int

    public init(year: Int, month: Int) {
        self.year = year
        self.month = month
    }

    public init?(_ text: String) {
        guard text.utf8.count == 7 else { return nil }
        var (year, month) = (0, 0)
        for (place, byte) in text.utf8.enumerated() {
            if place == 4 {
                guard byte == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            let digit = Int(byte - UInt8(ascii: "0"))
            if place < 4 { year = year * 10 + digit } else { month = month * 10 + digit }
        }
        guard (1...12).contains(month) else { return nil }
        self.init(year: year, month: month)
    }

    public var description: String {
        let place = (year - 2000) * 12 + month - 1
        return (1...12).contains(month) && Self.texts.indices.contains(place) ? Self.texts[place] : text
    }

    private var text: String { "\(year.padded(4))-\(month.padded(2))" }

    /// Those of this century: each charge names its month.
    private static let texts = (2000..<2100).flatMap { year in (1...12).map { BillMonth(year: year, month: $0).text } }

    public static func < (a: Self, b: Self) -> Bool { (a.year, a.month) < (b.year, b.month) }
}

/// A calendar day of storage charges: `2026-11-30`.
public struct BillDay: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let month: BillMonth
    public let day: Int

    public init(month: BillMonth, day: Int) {
        self.month = month
        self.day = day
    }

    public init?(_ text: String) {
        guard text.utf8.count == 10, let month = BillMonth(String(text.prefix(7))), text.dropFirst(7).first == "-",
            text.utf8.suffix(2).allSatisfy({ (48...57).contains($0) }), let day = Int(text.suffix(2)), (1...31).contains(day)
        else { return nil }
        self.init(month: month, day: day)
    }

    public var description: String { "\(month)-\(day.padded(2))" }

    public static func < (a: Self, b: Self) -> Bool { (a.month, a.day) < (b.month, b.day) }
}

extension BillMonth: Codable {
    public init(from decoder: any Decoder) throws {
        guard let value = Self(try decoder.singleValueContainer().decode(String.self)) else {
            throw WeirError.malformed("month", "YYYY-MM", rule: "BIL-07")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension BillDay: Codable {
    public init(from decoder: any Decoder) throws {
        guard let value = Self(try decoder.singleValueContainer().decode(String.self)) else {
            throw WeirError.malformed("day", "YYYY-MM-DD", rule: "BIL-15")
        }
        self = value
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Int {
    fileprivate func padded(_ width: Int) -> String {
        let digits = String(self)
        return String(repeating: "0", count: Swift.max(0, width - digits.count)) + digits
    }
}

extension WeirError {
    public static func timeOutOfRange() -> WeirError {
        malformed("time", "a moment from 1970 to 9999", rule: "BIL-07")
    }
}
