import Glibc

/// An address of the Internet protocol. One of version 4 in the clothes of version 6 (`::ffff:10.0.0.1`) is the former.
public struct IPAddress: Hashable, Sendable {
    public enum Version: Hashable, Sendable {
        case four, six

        public var bits: Int { self == .four ? 32 : 128 }
    }

    public let version: Version
    /// As a number, the network's byte first.
    public let value: UInt128

    public init(ipv4: UInt32) {
        version = .four
        value = UInt128(ipv4)
    }

    public init(ipv6: UInt128) {
        let isMapped = ipv6 >> 32 == 0xffff
        version = isMapped ? .four : .six
        value = isMapped ? ipv6 & 0xffff_ffff : ipv6
    }

    /// Takes the one written form of version 4, four decimal numbers, and any of version 6, without brackets and zone.
    public init?(_ text: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(ipv4: UInt32(bigEndian: four.s_addr))
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self.init(ipv6: withUnsafeBytes(of: six) { $0.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } })
        } else {
            return nil
        }
    }
}

extension IPAddress: CustomStringConvertible {
    public var description: String {
        let bytes = (0..<version.bits / 8).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(version == .four ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// All addresses that begin with the same bits: `10.1.2.0/24`. A single address is a network of its own.
public struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
    public let address: IPAddress
    public let length: Int

    public init(_ address: IPAddress, length: Int) {
        self.address = address
        self.length = length
    }

    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(String(parts[0])) else { return nil }
        guard parts.count == 2 else {
            self.init(address, length: address.version.bits)
            return
        }
        guard let length = Int(parts[1]), (0...address.version.bits).contains(length), parts[1].allSatisfy(\.isNumber) else { return nil }
        self.init(address, length: length)
    }

    public func contains(_ other: IPAddress) -> Bool {
        guard other.version == address.version else { return false }
        let rest = address.version.bits - length
        return other.value >> UInt128(rest) == address.value >> UInt128(rest)
    }

    public var description: String { "\(address)/\(length)" }
}

extension IPAddress {
    /// Whether the address can be a stranger's machine on the internet: of no private, local, special or translated network
    /// (the IANA registries of special-purpose addresses).
    public var isPublic: Bool {
        switch version {
        case .four: return !Self.special.contains { $0.contains(self) }
        case .six:
            // NAT64: whatever the embedded address of version 4 is.
            if value >> 32 == Self.translation { return IPAddress(ipv4: UInt32(truncatingIfNeeded: value)).isPublic }
            return Self.globalUnicast.contains(self) && !Self.special.contains { $0.contains(self) }
        }
    }

    /// `64:ff9b::/96`, without its last 32 bits.
    private static let translation: UInt128 = 0x0064_ff9b_0000_0000_0000_0000
    private static let globalUnicast = IPNetwork(IPAddress(ipv6: 0x2000 << 112), length: 3)
    private static let special = [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        // Within what is global in version 6: protocol assignments with Teredo, examples, and 6to4, which leads to any address of version 4.
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    ].compactMap { IPNetwork($0) }
}
