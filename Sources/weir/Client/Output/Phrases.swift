import Foundation
import WeirModel

/// Values as a table shows them.
extension Timestamp {
    /// In the machine's time zone, to the second: `2026-11-21 08:00:46`.
    var short: String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .current
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        return String(
            format: "%04d-%02d-%02d %02d:%02d:%02d", parts.year ?? 0, parts.month ?? 0, parts.day ?? 0, parts.hour ?? 0,
            parts.minute ?? 0, parts.second ?? 0)
    }
}

enum Phrase {
    /// Seconds as `42 s`, `3 min 5 s`, `2 h 10 min`, `3 d 4 h`.
    static func span(seconds: Int) -> String {
        switch seconds {
        case ..<60: "\(seconds) s"
        case ..<3600: "\(seconds / 60) min \(seconds % 60) s"
        case ..<86_400: "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }

    static func size(_ bytes: Int) -> String { "\(Bytes(Int64(bytes)))" }

    /// Thousandths as a decimal number: `1500` is `1.5`.
    static func thousandths(_ count: Int) -> String {
        let text = String(format: "%.3f", Double(count) / 1000)
        var trimmed = text[...]
        while trimmed.hasSuffix("0") { trimmed.removeLast() }
        if trimmed.hasSuffix(".") { trimmed.removeLast() }
        return String(trimmed)
    }

    static func count(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
    }
}
