import WeirPlatform

/// A session stays with the replica that began it: what a program holds in memory of its sessions no other replica knows (F4).
///
/// The client is handed a cookie that names the replica. A client that keeps no cookies takes the replicas by turns.
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

    /// FNV-1a: tells replicas apart, the same on every event loop and after every start. It keeps nothing secret: the client could as well
    /// try all of them.
    private static func mark(of replica: Backend) -> String {
        let hash = replica.description.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }
}
