import WeirModel

/// The nftables rules that keep workspaces apart from each other and from the host: one table for each installation,
/// always written whole, so that it is right or it is not there.
///
/// netavark's own rules accept later on; a packet that is rejected here is gone before that.
struct FirewallRules: Hashable, Sendable {
    var table: String
    var bridges: [Bridge]
    var egress: Egress
    /// Names of the bridges of any installation or engine on this host; `*` stands for the rest of a name.
    var otherBridges: [String]
    /// The users of this host whose programs may connect to instances: Weir's own. Anybody else's would come as the gateway does.
    var hostUsers: [UInt32]

    struct Bridge: Hashable, Sendable {
        var interface: String
        var gateways: [String]
    }

    private static let privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"]
    /// Also where clouds answer with a machine's credentials.
    private static let linkLocal = "169.254.0.0/16"

    static func table(of installation: String) -> String { "weir_\(installation)" }

    /// Replaces the table in one transaction: the first two lines make sure that there is one to delete.
    var text: String {
        var lines = ["table inet \(table)", "delete table inet \(table)"]
        guard !bridges.isEmpty else { return lines.joined(separator: "\n") + "\n" }
        lines.append("table inet \(table) {")
        lines += set("bridges", "ifname", bridges.map { "\"\($0.interface)\"" })
        lines += set("same", "ifname . ifname", bridges.map { "\"\($0.interface)\" . \"\($0.interface)\"" })
        lines += set(
            "gateways", "ifname . ipv4_addr",
            bridges.flatMap { bridge in bridge.gateways.filter { !$0.contains(":") }.map { "\"\(bridge.interface)\" . \($0)" } })
        lines += chain("input", "input", inputRules)
        lines += chain("forward", "forward", forwardRules)
        lines += chain("output", "output", outputRules)
        lines.append("}")
        return lines.joined(separator: "\n") + "\n"
    }

    private var inputRules: [String] {
        [
            "iifname != @bridges accept",
            "ct state established,related accept",
            "iifname . ip daddr @gateways meta l4proto { tcp, udp } th dport 53 accept",
            "reject",
        ]
    }

    /// Packets that the kernel itself sends belong to no user and go on.
    private var outputRules: [String] {
        [
            "oifname != @bridges accept",
            "ct state established,related accept",
            "meta skuid != { \(hostUsers.map(String.init).joined(separator: ", ")) } reject",
        ]
    }

    private var forwardRules: [String] {
        var rules = [
            "ct state established,related accept",
            "iifname . oifname @same accept",
            "oifname @bridges reject",
            "iifname != @bridges accept",
        ]
        rules += otherBridges.map { "oifname \"\($0)\" reject" }
        rules.append("ip daddr \(Self.linkLocal) reject")
        rules.append("ip6 daddr { fe80::/10, ff00::/8 } reject")
        switch egress {
        case .open(let allowed):
            rules += allowed.map(allow)
            rules.append("ip daddr { \(Self.privateNetworks.joined(separator: ", ")) } reject")
            rules.append("ip6 daddr fc00::/7 reject")
        case .closed(let allowed):
            rules += allowed.map(allow)
            rules.append("reject")
        }
        return rules
    }

    private func allow(_ network: String) -> String {
        "\(network.contains(":") ? "ip6" : "ip") daddr \(network) accept"
    }

    private func set(_ name: String, _ type: String, _ elements: [String]) -> [String] {
        let content = elements.isEmpty ? "" : " elements = { \(elements.joined(separator: ", ")) };"
        return ["\tset \(name) { type \(type);\(content) }"]
    }

    private func chain(_ name: String, _ hook: String, _ rules: [String]) -> [String] {
        ["\tchain \(name) {", "\t\ttype filter hook \(hook) priority filter - 10; policy accept;"]
            + rules.map { "\t\t\($0)" } + ["\t}"]
    }
}
