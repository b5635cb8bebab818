import Glibc
public import Foundation

/// A moment in milliseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Sendable, Comparable {
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public init(_ date: Date) { milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded(.down)) }

    /// Reads RFC 3339, with or without a fraction of a second.
    public init?(_ text: String) {
        let whole = Date.ISO8601FormatStyle()
        let fraction = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        guard let date = (try? fraction.parse(text)) ?? (try? whole.parse(text)) else { return nil }
        milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    public var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

    public static func < (a: Self, b: Self) -> Bool { a.milliseconds < b.milliseconds }

    public static func + (moment: Self, duration: Duration) -> Self {
        Timestamp(milliseconds: moment.milliseconds + duration.milliseconds)
    }

    public static func - (moment: Self, duration: Duration) -> Self {
        Timestamp(milliseconds: moment.milliseconds - duration.milliseconds)
    }

    public static func - (a: Self, b: Self) -> Duration { .milliseconds(a.milliseconds - b.milliseconds) }
}

extension Timestamp: CustomStringConvertible, Codable {
    /// RFC 3339 in UTC with milliseconds, as the API shows it; by hand, since a page of a list has hundreds of them.
    public var description: String {
        func digits(_ number: Int64, _ count: Int) -> String {
            let text = String(number)
            return text.utf8.count < count ? String(repeating: "0", count: count - text.utf8.count) + text : text
        }
        func floor(_ number: Int64, _ unit: Int64) -> (Int64, Int64) {
            let (whole, rest) = number.quotientAndRemainder(dividingBy: unit)
            return rest < 0 ? (whole - 1, rest + unit) : (whole, rest)
        }
        let (seconds, fraction) = floor(milliseconds, 1000)
        let (days, second) = floor(seconds, 86_400)
        let (year, month, day) = Self.civil(days)
        return "\(digits(year, 4))-\(digits(month, 2))-\(digits(day, 2))T\(digits(second / 3600, 2)):\(digits(second / 60 % 60, 2)):"
            + "\(digits(second % 60, 2)).\(digits(fraction, 3))Z"
    }

    /// The date of a day since 1970 in the Gregorian calendar, by H. Hinnant's `civil_from_days`.
    public static func civil(_ days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let month = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * month + 2) / 5 + 1
        return (year + era * 400 + (month >= 10 ? 1 : 0), month < 10 ? month + 3 : month - 9, day)
    }

    /// Days from 1970-01-01 to a date in the Gregorian calendar, by H. Hinnant's `days_from_civil`.
    public static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let moment = Timestamp(text) else { throw WeirError.malformed("time", "RFC 3339") }
        self = moment
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Duration {
    public var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}

/// The time of day, and waiting by it; a test moves it by hand, or lets it run fast.
public protocol WallClock: Sendable {
    func now() -> Timestamp
    /// Passes evenly, whatever the clock is set to.
    func steady() -> SteadyTime
    /// Throws `CancellationError` when the task is cancelled.
    func sleep(for duration: Duration) async throws
}

/// A moment that can be compared with others of the same epoch: of one boot of the machine.
public struct SteadyTime: Hashable, Sendable, Codable {
    public let epoch: String
    public let milliseconds: Int64

    public init(epoch: String, milliseconds: Int64) {
        self.epoch = epoch
        self.milliseconds = milliseconds
    }
}

extension WallClock {
    public func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration) }

    /// For a clock that nobody sets.
    public func steady() -> SteadyTime { SteadyTime(epoch: "wall", milliseconds: now().milliseconds) }
}

public struct SystemClock: WallClock {
    public init() {}

    public func now() -> Timestamp { Timestamp(Date()) }

    /// Time since the boot; it goes on while the host sleeps.
    public func steady() -> SteadyTime {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return SteadyTime(epoch: Self.boot, milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Where the system does not tell, each start of Weir is an epoch of its own.
    private static let boot: String = {
        let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? UUID().uuidString
    }()
}
