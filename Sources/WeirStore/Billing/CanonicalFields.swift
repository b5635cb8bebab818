/// The bytes over which an entry is hashed: each field as `length:bytes`, numbers in decimal, what is absent as `-`.
struct CanonicalFields {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in
            addDecimal(utf8.count.magnitude)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(contentsOf: utf8)
        }
    }

    mutating func add(_ text: String?) {
        if let text { add(text) } else { bytes.append(UInt8(ascii: "-")) }
    }

    mutating func add(_ number: Int64) {
        let isNegative = number < 0
        addDecimal(UInt(Self.digits(of: UInt(number.magnitude)) + (isNegative ? 1 : 0)))
        bytes.append(UInt8(ascii: ":"))
        if isNegative { bytes.append(UInt8(ascii: "-")) }
        addDecimal(UInt(number.magnitude))
    }

    mutating func add(_ number: Int64?) {
        if let number { add(number) } else { bytes.append(UInt8(ascii: "-")) }
    }

    mutating func reserve(_ capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    private mutating func addDecimal(_ number: UInt) {
        let start = bytes.count
        var rest = number
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private static func digits(of number: UInt) -> Int {
        var (count, rest) = (1, number / 10)
        while rest > 0 { (count, rest) = (count + 1, rest / 10) }
        return count
    }
}

/// Reads fields where `CanonicalFields` wrote them.
struct CanonicalReader {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The next field; nil for one that is absent, and for one that was never written.
    mutating func next() -> UnsafeRawBufferPointer? {
        guard place < bytes.count else { return nil }
        if bytes[place] == UInt8(ascii: "-") {
            place += 1
            return nil
        }
        var length = 0
        while bytes[place] != UInt8(ascii: ":") {
            length = length * 10 + Int(bytes[place] - UInt8(ascii: "0"))
            place += 1
        }
        let start = place + 1
        place = start + length
        return UnsafeRawBufferPointer(rebasing: bytes[start..<place])
    }

    mutating func nextNumber() -> Int64? {
        guard let field = next() else { return nil }
        let isNegative = field.first == UInt8(ascii: "-")
        // Counted below zero, where the least number fits.
        let value = field.dropFirst(isNegative ? 1 : 0).reduce(Int64(0)) { $0 * 10 - Int64($1 - UInt8(ascii: "0")) }
        return isNegative ? value : -value
    }
}
