/// The identity of one `Subject`: a prefix that names the kind and 26 characters that sort by creation time.
///
/// The last 16 characters carry 80 random bits, so that an identifier cannot be guessed by another tenant.
public struct Identifier<Subject: Identified>: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let text: String

    /// Takes a text from outside. Nil when it does not have the shape of such an identifier.
    public init?(_ text: String) {
        let prefix = Subject.identifierPrefix.utf8
        guard text.utf8.count == prefix.count + 1 + IdentifierAlphabet.length else { return nil }
        var text = text
        let isRight = text.withUTF8 { bytes in
            bytes.starts(with: prefix) && bytes[prefix.count] == UInt8(ascii: "_")
                && bytes[(prefix.count + 1)...].allSatisfy(IdentifierAlphabet.contains)
        }
        guard isRight else { return nil }
        self.text = text
    }

    /// Makes the identifier of a thing created at `time` from 80 random bits.
    public init(at time: Timestamp, randomness: (UInt64, UInt16)) {
        var value = UInt128(truncatingIfNeeded: UInt64(bitPattern: time.milliseconds) & 0xFFFF_FFFF_FFFF) << 80
        value |= UInt128(randomness.0) << 16
        value |= UInt128(randomness.1)
        self.text = Subject.identifierPrefix + "_" + IdentifierAlphabet.encode(value)
    }

    public var description: String { text }

    public static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

extension Identifier: Codable {
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let identifier = Self(text) else { throw WeirError.malformedIdentifier(text) }
        self = identifier
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

/// A kind of thing that has identifiers of its own.
public protocol Identified {
    static var identifierPrefix: String { get }
}

/// Crockford's base 32 in lower case: no letter that can be mistaken for a digit.
enum IdentifierAlphabet {
    static let length = 26
    private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    static func contains(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "i"), UInt8(ascii: "l"), UInt8(ascii: "o"), UInt8(ascii: "u"): false
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: false
        }
    }

    static func encode(_ value: UInt128) -> String {
        var rest = value
        var characters = [UInt8](repeating: 0, count: length)
        for index in stride(from: length - 1, through: 0, by: -1) {
            characters[index] = digits[Int(rest & 31)]
            rest >>= 5
        }
        return String(decoding: characters, as: UTF8.self)
    }
}

/// Where new identifiers come from; a test hands in one that counts.
public protocol IdentifierSource: Sendable {
    func next<Subject>(_: Subject.Type, at time: Timestamp) -> Identifier<Subject>
}

/// Identifiers from the system's random numbers.
public struct RandomIdentifiers: IdentifierSource {
    public init() {}

    public func next<Subject>(_: Subject.Type, at time: Timestamp) -> Identifier<Subject> {
        Identifier(at: time, randomness: (.random(in: .min ... .max), .random(in: .min ... .max)))
    }
}
