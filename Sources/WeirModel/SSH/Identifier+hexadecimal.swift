extension Identifier {
    private static var digits: [UInt8] { Array("0123456789abcdefghjkmnpqrstvwxyz".utf8) }

    /// The 128 bits as 32 hexadecimal digits, for places where an underscore or the kind cannot stand.
    public var hexadecimal: String {
        let value = text.utf8.suffix(IdentifierAlphabet.length).reduce(UInt128(0)) { value, byte in
            value << 5 | UInt128(Self.digits.firstIndex(of: byte) ?? 0)
        }
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 32 - digits.count) + digits
    }

    /// Exactly 32 hexadecimal digits in lower case.
    public init?(hexadecimal text: some StringProtocol) {
        guard text.utf8.count == 32, text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
            let value = UInt128(text, radix: 16)
        else { return nil }
        self.init(Subject.identifierPrefix + "_" + IdentifierAlphabet.encode(value))
    }
}
