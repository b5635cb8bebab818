import Foundation
import WeirModel

/// Amounts and times as people read them, the same in both languages.
enum Format {
    /// `2026-11-21 18:30:05`, in the installation's time zone; nil for what is no time of the API.
    static func time(_ text: String, in zone: TimeZone) -> String? {
        guard let moment = seconds(of: text) else { return nil }
        let local = moment + Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(moment))))
        let (days, rest) = local.quotientAndRemainder(dividingBy: 86_400)
        let (day, second) = rest < 0 ? (days - 1, rest + 86_400) : (days, rest)
        let (year, month, date) = Timestamp.civil(day)
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(date)) \(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))"
    }

    static func timeElement(_ text: String, in zone: TimeZone) -> String {
        guard let time = time(text, in: zone) else { return "" }
        return "<time datetime=\"\(text)\">\(time)</time>"
    }

    /// Seconds since 1970 of the API's form of a time, `2026-11-21T10:30:05.123Z`, and of no other.
    static func seconds(of text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count == 24, bytes[4] == 45, bytes[10] == 84, bytes[23] == 90 else { return nil }
        func number(_ range: Range<Int>) -> Int64? {
            bytes[range].reduce(0) { sum, byte in
                guard let sum, (48...57).contains(byte) else { return nil }
                return sum * 10 + Int64(byte - 48)
            }
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10), let hour = number(11..<13),
            let minute = number(14..<16), let second = number(17..<19)
        else { return nil }
        return Timestamp.days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// Without the zeros behind the second decimal: `0.15`, `12.003333`. No digit that counts is left out.
    static func points(_ text: String) -> String {
        guard let dot = text.firstIndex(of: ".") else { return text }
        var end = text.endIndex
        let keep = text.index(dot, offsetBy: 3, limitedBy: text.endIndex) ?? text.endIndex
        while end > keep, text[text.index(before: end)] == "0" { end = text.index(before: end) }
        return String(text[..<end])
    }

    static func size(_ bytes: Int64) -> String {
        var amount = Double(bytes)
        var unit = 0
        while amount >= 1024, unit < 4 { (amount, unit) = (amount / 1024, unit + 1) }
        let digits = unit > 0 && amount < 10 ? String(Double(Int(amount * 10)) / 10) : String(Int(amount))
        return digits + " " + ["B", "KiB", "MiB", "GiB", "TiB"][unit]
    }

    /// `01:05:09`, hours without an end.
    static func duration(_ seconds: Int64) -> String {
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(seconds / 3600)):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }

    static func count(_ number: Int64) -> String {
        var digits = Array(String(number.magnitude))
        for place in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert("\u{202F}", at: place) }
        return (number < 0 ? "−" : "") + String(digits)
    }

    /// A part of a limit, as a bar's marks have it.
    static func share(_ limit: String, _ part: Double) -> String { Double(limit).map { String(format: "%.6f", $0 * part) } ?? "0" }

    /// Hours as a form's field has them, so exact that the seconds come back.
    static func hours(_ seconds: Int64) -> String { decimal(seconds * 1_000_000 / 3600, 1_000_000) }

    /// `2.5` for 2500 of 1000.
    static func decimal(_ number: Int64, _ unit: Int64) -> String {
        let (whole, rest) = number.magnitude.quotientAndRemainder(dividingBy: UInt64(unit))
        let sign = number < 0 ? "-" : ""
        guard rest > 0 else { return "\(sign)\(whole)" }
        var digits = String(UInt64(unit) + rest).dropFirst()
        while digits.last == "0" { digits = digits.dropLast() }
        return "\(sign)\(whole).\(digits)"
    }
}
