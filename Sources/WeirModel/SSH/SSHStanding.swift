/// Which kind of proof an attempt at the SSH gateway brought.
public enum SSHMethod: String, Sendable, Codable, CaseIterable {
    case password, publicKey = "public_key", token
}

/// What became of an attempt.
public enum SSHOutcome: String, Sendable, Codable, CaseIterable {
    case accepted, refused, locked
}

/// Where an attempt comes from, as failures are counted: an IPv4 address, or the half of an IPv6 address that one site has (X09).
public struct SSHSource: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    public init(ipv4: UInt32) {
        self.init([24, 16, 8, 0].map { String(ipv4 >> $0 & 255) }.joined(separator: "."))
    }

    /// `words` are the eight numbers of the address.
    public init(ipv6 words: [UInt16]) {
        if words.count == 8, words.prefix(5).allSatisfy({ $0 == 0 }), words[5] == 0xffff {
            self.init(ipv4: UInt32(words[6]) << 16 | UInt32(words[7]))
        } else {
            self.init(words.prefix(4).map { String($0, radix: 16) }.joined(separator: ":") + "::/64")
        }
    }

    public init(_ address: IPAddress) {
        switch address.version {
        case .four: self.init(ipv4: UInt32(truncatingIfNeeded: address.value))
        case .six: self.init(ipv6: (0..<8).map { UInt16(truncatingIfNeeded: address.value >> UInt128(112 - $0 * 16)) })
        }
    }

    public init(_ text: String) { self.text = text }

    public var description: String { text }
}
