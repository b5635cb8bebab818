import Glibc
import WeirModel

/// What this machine knows of the network: what a name stands for, and which addresses are its own. Both may block.
struct HostNetwork: Sendable {
    let addresses: @Sendable (_ name: String) -> [IPAddress]
    /// The machine's own addresses as they are now, and the networks behind its bridges, where containers are.
    let own: @Sendable () -> [IPNetwork]

    static let system = HostNetwork(addresses: resolve, own: interfaces)

    private static let mostAddresses = 16

    private static func resolve(_ name: String) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0, let first = list else { return [] }
        defer { freeaddrinfo(first) }
        let found = sequence(first: first, next: { $0.pointee.ai_next }).prefix(mostAddresses)
        // One that cannot be read is none that could be checked: then there is nothing.
        let addresses = found.map { address(of: $0.pointee.ai_addr) }
        return addresses.contains(nil) ? [] : addresses.compactMap(\.self)
    }

    private static func interfaces() -> [IPNetwork] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0, let first = list else { return [] }
        defer { freeifaddrs(first) }
        return sequence(first: first, next: { $0.pointee.ifa_next }).compactMap { entry in
            guard let address = address(of: entry.pointee.ifa_addr) else { return nil }
            let isBridge = access("/sys/class/net/\(String(cString: entry.pointee.ifa_name))/bridge", F_OK) == 0
            // The same family as the address, whatever it says of itself.
            let mask = entry.pointee.ifa_netmask.flatMap { self.address(of: $0, family: entry.pointee.ifa_addr.pointee.sa_family) }
            guard isBridge, let mask, mask.version == address.version else {
                return IPNetwork(address, length: address.version.bits)
            }
            return IPNetwork(address, length: mask.value.nonzeroBitCount)
        }
    }

    private static func address(of pointer: UnsafeMutablePointer<sockaddr>?, family: sa_family_t? = nil) -> IPAddress? {
        guard let pointer else { return nil }
        switch Int32(family ?? pointer.pointee.sa_family) {
        case AF_INET:
            return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                IPAddress(ipv4: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
            }
        case AF_INET6:
            return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { six in
                IPAddress(ipv6: withUnsafeBytes(of: six.pointee.sin6_addr) { $0.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } })
            }
        default: return nil
        }
    }
}
