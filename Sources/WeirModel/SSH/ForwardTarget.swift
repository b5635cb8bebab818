/// Where a client of the SSH gateway wants a connection to, from inside of its environment: the environment itself or another
/// instance of its workspace's network, never the host and never beyond (`direct-tcpip`).
public struct ForwardTarget: Hashable, Sendable {
    public enum Address: Hashable, Sendable {
        /// The environment's own loopback, in IPv4 or in both.
        case loopback
        case ipv4(UInt32)
    }

    public let address: Address
    public let port: Int

    /// `hostName` is what the environment calls itself. Nil for what may not be reached, and for what is no address at all.
    public init?(host: String, port: Int, hostName: String, network: (address: UInt32, prefixLength: Int, gateway: UInt32?)?) {
        guard (1...65_535).contains(port), host.utf8.count <= 255 else { return nil }
        self.port = port
        let lower = host.lowercased()
        if ["localhost", "localhost.localdomain", "::1", "[::1]", "ip6-localhost", hostName.lowercased()].contains(lower) {
            address = .loopback
            return
        }
        guard let number = Self.ipv4(host) else { return nil }
        if number >> 24 == 127 {
            // The whole of 127/8 is the environment's own.
            address = .ipv4(number)
            return
        }
        guard let network, (8...30).contains(network.prefixLength) else { return nil }
        let mask = UInt32.max << (32 - UInt32(network.prefixLength))
        guard number & mask == network.address & mask, number != network.gateway, number & ~mask != 0, number | mask != .max else {
            return nil
        }
        address = .ipv4(number)
    }

    /// Four decimal numbers and nothing else: `inet_aton`'s other spellings would be read differently by others.
    public static func ipv4(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var number: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }), let byte = UInt8(part),
                part.utf8.count == 1 || part.first != "0"
            else { return nil }
            number = number << 8 | UInt32(byte)
        }
        return number
    }
}

/// An instance of the same workspace as a client of the SSH gateway names it, the way its programs do (`service-0a1b2c3d-0`), or by
/// the name of its workload (`bert`).
public enum Neighbour: Hashable, Sendable {
    case instance(kind: WorkloadKind, tail: String, position: Int)
    case workload(named: String)

    /// The name as the container's network knows it.
    public static func hostName(_ kind: WorkloadKind, _ workload: Identifier<Workload>, position: Int) -> String {
        "\(kind.rawValue)-\(workload.text.suffix(tailLength))-\(position)"
    }

    private static let tailLength = 8
    /// What the container's own resolver may add.
    private static let domain = ".dns.podman"

    /// Nil for addresses, names of elsewhere and what is no name.
    public init?(host: String) {
        guard (1...255).contains(host.utf8.count), host.utf8.allSatisfy({ (0x21...0x7e).contains($0) || $0 >= 0x80 }) else { return nil }
        var name = host.hasSuffix(".") ? String(host.dropLast()) : host
        if name.lowercased().hasSuffix(Self.domain) { name.removeLast(Self.domain.utf8.count) }
        // A dot leads out of the workspace, a colon or a number alone is an address.
        guard !name.isEmpty, !name.contains(where: { ".:/[]%".contains($0) }), !name.utf8.allSatisfy({ (48...57).contains($0) }),
            !name.lowercased().hasPrefix("0x")
        else { return nil }
        let parts = name.lowercased().split(separator: "-", omittingEmptySubsequences: false)
        if parts.count == 3, let kind = WorkloadKind(rawValue: String(parts[0])), parts[1].utf8.count == Self.tailLength,
            parts[1].utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) }), parts[2].utf8.count <= 4,
            parts[2].utf8.allSatisfy({ (48...57).contains($0) }), let position = Int(parts[2])
        {
            self = .instance(kind: kind, tail: String(parts[1]), position: position)
        } else {
            self = .workload(named: name)
        }
    }
}
