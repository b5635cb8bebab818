/// A size in bytes. In texts, units are binary: `KiB`, `MiB`, `GiB`, `TiB`.
public struct Bytes: Hashable, Sendable, Comparable, Codable, ExpressibleByIntegerLiteral {
    public let count: Int64

    public init(_ count: Int64) { self.count = count }
    public init(integerLiteral value: Int64) { count = value }

    public static func kib(_ n: Int64) -> Bytes { Bytes(n << 10) }
    public static func mib(_ n: Int64) -> Bytes { Bytes(n << 20) }
    public static func gib(_ n: Int64) -> Bytes { Bytes(n << 30) }

    /// Reads `512`, `64KiB`, `1.5GiB`, `20G`.
    public init?(_ text: String) {
        let number = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(number.count).drop { $0 == " " }.lowercased()
        let shifts: [String: Int64] = [
            "": 0, "b": 0, "k": 10, "kib": 10, "m": 20, "mib": 20, "g": 30, "gib": 30, "t": 40, "tib": 40,
        ]
        guard let value = Double(number), value >= 0, value < 8_000_000, let shift = shifts[unit] else { return nil }
        count = Int64(value * Double(Int64(1) << shift))
    }

    public init(from decoder: any Decoder) throws { count = try decoder.singleValueContainer().decode(Int64.self) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(count)
    }

    public static func < (a: Self, b: Self) -> Bool { a.count < b.count }
    public static func + (a: Self, b: Self) -> Self { Bytes(a.count + b.count) }
    public static func - (a: Self, b: Self) -> Self { Bytes(a.count - b.count) }
    public static func += (a: inout Self, b: Self) { a = a + b }
}

extension Bytes: CustomStringConvertible {
    /// The largest unit in which the size is at least one, with one decimal place at most: `1.5 GiB`.
    public var description: String {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] where count >= Int64(1) << shift {
            let (whole, rest) = (count >> shift, count & (Int64(1) << shift - 1))
            let tenth = (rest * 10) >> shift
            return tenth == 0 ? "\(whole) \(unit)" : "\(whole).\(tenth) \(unit)"
        }
        return "\(count) B"
    }
}
