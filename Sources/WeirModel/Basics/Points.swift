/// Money. One point is one CNY (BIL-02), held as an integer of micro-points.
public struct Points: Hashable, Sendable, Comparable, ExpressibleByIntegerLiteral {
    public let micro: Int64

    public init(micro: Int64) { self.micro = micro }
    public init(integerLiteral value: Int64) { micro = value * 1_000_000 }

    /// Reads a decimal number with at most six places: `0.003333`, `12`.
    public init?(_ text: String) {
        let negative = text.hasPrefix("-")
        let parts = (negative ? text.dropFirst() : text[...]).split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let whole = Int64(parts[0]), whole < 1_000_000_000_000
        else { return nil }
        var fraction: Int64 = 0
        if parts.count == 2 {
            guard (1...6).contains(parts[1].count), let digits = Int64(parts[1]) else { return nil }
            fraction = (0..<(6 - parts[1].count)).reduce(digits) { value, _ in value * 10 }
        }
        micro = (whole * 1_000_000 + fraction) * (negative ? -1 : 1)
    }

    public static func < (a: Self, b: Self) -> Bool { a.micro < b.micro }
}

extension Points: CustomStringConvertible, Codable {
    /// Always six decimal places, so that a column of amounts lines up: `0.033330`.
    public var description: String {
        let digits = String(micro.magnitude % 1_000_000)
        let padding = String(repeating: "0", count: 6 - digits.count)
        return (micro < 0 ? "-" : "") + "\(micro.magnitude / 1_000_000).\(padding)\(digits)"
    }

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let points = Points(text) else {
            // Too much is a number all the same.
            let isNumber = text.wholeMatch(of: /-?[0-9]+(\.[0-9]{1,6})?/) != nil
            throw isNumber ? WeirError.amountTooLarge() : .malformed("points", "decimal number, six places at most")
        }
        self = points
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
