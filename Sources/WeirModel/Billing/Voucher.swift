/// A code that recharges a workspace once (BIL-21): `WEIR-7K2M-…`, 100 random bits.
public struct Voucher: Identified, Sendable {
    public static let identifierPrefix = "vch"
}

public struct Invoice: Identified, Sendable {
    public static let identifierPrefix = "inv"
}

/// The text of a voucher, as people read it out, copy and mistype it.
public struct VoucherCode: Hashable, Sendable, CustomStringConvertible {
    private static let prefix = "WEIR"
    private static let length = 20
    /// Crockford's base 32: without I, L, O and U.
    private static let digits = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    private let characters: String

    /// Makes one from random numbers.
    public init(using random: inout some RandomNumberGenerator) {
        characters = String(
            decoding: (0..<Self.length).map { _ in Self.digits[Int(random.next(upperBound: UInt64(32)))] }, as: UTF8.self)
    }

    /// Takes what somebody typed: whatever the case, with or without the prefix, hyphens and spaces, O for 0, I and L for 1.
    /// Throws `malformed`.
    public init(_ text: String) throws(WeirError) {
        var typed = text.uppercased().filter { !$0.isWhitespace && $0 != "-" && $0 != "–" && $0 != "_" }
        if typed.count == Self.prefix.count + Self.length, typed.hasPrefix(Self.prefix) { typed.removeFirst(Self.prefix.count) }
        let read = typed.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "O"): UInt8(ascii: "0")
            case UInt8(ascii: "I"), UInt8(ascii: "L"): UInt8(ascii: "1")
            default: byte
            }
        }
        guard read.count == Self.length, read.allSatisfy(Self.digits.contains) else {
            throw .malformed("code", "a code as WEIR-XXXX-XXXX-XXXX-XXXX-XXXX", rule: "BIL-21")
        }
        characters = String(decoding: read, as: UTF8.self)
    }

    /// `WEIR-XXXX-XXXX-XXXX-XXXX-XXXX`.
    public var description: String {
        var text = Self.prefix
        for (index, character) in characters.enumerated() {
            if index.isMultiple(of: 4) { text += "-" }
            text.append(character)
        }
        return text
    }
}
