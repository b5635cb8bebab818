import WeirPlatform

/// A session stays with the replica that began it: what a program holds in memory of its sessions no other replica knows (F4).
///
/// The client is handed a cookie that names the replica. A client that keeps no cookies is told by its address.
struct ReplicaAffinity {
    /// Cookies know no ports: each service on this host has a name of its own.
    private let name: String
    private let named: Set<String>

    init(port: Int, cookies: String?) {
        let name = "weir_replica_\(port)"
        self.name = name
        named = Set(ToolCookie.values(in: cookies ?? "", under: name))
    }

    /// The replica that the client names; nil when it names none that is there.
    func turn(among replicas: [Backend]) -> Int? {
        named.isEmpty ? nil : replicas.firstIndex { named.contains(Self.mark(of: $0)) }
    }

    /// For a client that is to come back to this replica; nil when it does so already.
    func cookie(for replica: Backend, secure: Bool) -> String? {
        let mark = Self.mark(of: replica)
        guard !named.contains(mark) else { return nil }
        return "\(name)=\(mark); Path=/; HttpOnly; SameSite=Lax" + (secure ? "; Secure" : "")
    }

    /// The replicas as a client at this address takes them, the best first (rendezvous hashing): one that leaves moves its own clients
    /// alone, and each of them to the next in its own order.
    static func order(_ replicas: [Backend], for address: String) -> [Backend] {
        let client = hash(address)
        return replicas.map { (replica: $0, weight: mix(client ^ mix(hash($0.description)))) }
            .sorted { $0.weight > $1.weight }.map(\.replica)
    }

    private static func mark(of replica: Backend) -> String { String(hash(replica.description), radix: 16) }

    /// FNV-1a: tells replicas apart, the same on every event loop and after every start. It keeps nothing secret: the client could as well
    /// try all of them.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// The last step of SplitMix64: addresses that differ in one digit are far apart afterwards.
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
