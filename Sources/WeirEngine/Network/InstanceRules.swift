import Foundation
import WeirModel

/// Rules in an instance's own network namespace: ports at which only the gateway may knock.
///
/// They hold between two instances of one bridge as well, whether or not the machine's rules see what a bridge carries, and end with the
/// namespace. Root in an instance is not root of its network and cannot change them, nor send under another's address.
struct InstanceRules: Hashable, Sendable {
    /// The machine's addresses on the bridge: whatever it sends comes from them.
    var gateways: [String]
    var ports: [Int]

    private static let table = "weir"

    var text: String {
        let version4 = gateways.filter { !$0.contains(":") }
        let version6 = gateways.filter { $0.contains(":") }
        var rules = ["iifname \"lo\" accept"]
        if !version4.isEmpty { rules.append("ip saddr { \(version4.joined(separator: ", ")) } accept") }
        if !version6.isEmpty { rules.append("ip6 saddr { \(version6.joined(separator: ", ")) } accept") }
        rules.append("tcp dport { \(ports.map(String.init).joined(separator: ", ")) } reject with tcp reset")
        return """
            table inet \(Self.table)
            delete table inet \(Self.table)
            table inet \(Self.table) {
            \tchain input {
            \t\ttype filter hook input priority filter; policy accept;
            \(rules.map { "\t\t" + $0 }.joined(separator: "\n"))
            \t}
            }

            """
    }

    /// `process` is one of the instance's.
    func apply(to process: Int32) async throws {
        let applied = try await HostCommand.run(
            ["nsenter", "--net=/proc/\(process)/ns/net", "nft", "-f", "-"], input: Data(text.utf8))
        guard applied.status == 0 else { throw WeirError.hostCommandFailed("nft", applied.output) }
    }
}
