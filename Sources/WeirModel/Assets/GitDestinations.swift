/// Where the server connects to for a tenant (PRJ-08): public hosts, and what the operator allows beyond them.
public struct GitDestinations: Hashable, Sendable {
    /// A host that is no public one and allowed all the same, such as a laboratory's own GitLab.
    public enum PrivateHost: Hashable, Sendable, CustomStringConvertible {
        case network(IPNetwork)
        /// By its name, at whatever address it has.
        case name(String)

        public init?(_ text: String) {
            if let network = IPNetwork(text) {
                self = .network(network)
            } else if (1...253).contains(text.utf8.count), text.first?.isLetter == true,
                text.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 46 })
            {
                self = .name(text)
            } else {
                return nil
            }
        }

        public var description: String {
            switch self {
            case .network(let network): network.length == network.address.version.bits ? "\(network.address)" : "\(network)"
            case .name(let name): name
            }
        }
    }

    public let allowed: [PrivateHost]

    public init(allowed: [PrivateHost] = []) { self.allowed = allowed }

    /// Whether the host may be connected to at these addresses, which must all be fit for it. `own` are the networks that this machine
    /// has addresses in, or gives to containers.
    public func permit(_ host: String, at addresses: [IPAddress], own: [IPNetwork]) -> Bool {
        guard !addresses.isEmpty else { return false }
        if allowed.contains(.name(host)) { return true }
        return addresses.allSatisfy { address in
            let isAllowed = allowed.contains { if case .network(let network) = $0 { network.contains(address) } else { false } }
            return isAllowed || (address.isPublic && !own.contains { $0.contains(address) })
        }
    }
}
