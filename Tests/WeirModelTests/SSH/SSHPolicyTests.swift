import Testing
import WeirModel

@Suite("Where a client of SSH may forward to")
struct SSHForwardingTests {
    @Test(
        "nowhere, to the environment itself, or also to other instances (DEV-13)",
        arguments: [
            ("localhost", true), ("127.0.0.5", true), ("10.89.1.7", true), ("10.89.1.9", false),
        ])
    func allows(host: String, isOwn: Bool) throws {
        let own = try #require(ForwardTarget.ipv4("10.89.1.7"))
        let gateway = ForwardTarget.ipv4("10.89.1.1")
        let target = try #require(
            ForwardTarget(host: host, port: 8888, hostName: "env-x-0", network: (address: own, prefixLength: 24, gateway: gateway)))
        #expect(!SSHForwarding.off.allows(target, own: own))
        #expect(SSHForwarding.own.allows(target, own: own) == isOwn)
        #expect(SSHForwarding.workspace.allows(target, own: own))
    }
}
