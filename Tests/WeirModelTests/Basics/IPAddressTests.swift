import Testing
import WeirModel

@Suite("Addresses of the network")
struct IPAddressTests {
    @Test(
        "what is no stranger's machine is not public, in whatever clothes (hostile 4)",
        arguments: [
            "0.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1", "169.254.169.254", "172.16.0.1",
            "172.31.255.255", "192.0.0.8", "192.0.2.2", "192.168.1.1", "198.18.0.1", "198.19.255.255", "224.0.0.1", "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255", "::", "::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1",
            "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:a00:1::", "2002:0808:0808::1", "fc00::1", "fd00::2", "fd00:ec2::254",
            "fe80::1", "fec0::1", "ff02::1", "3fff::1",
        ])
    func notPublic(text: String) throws {
        #expect(try !#require(IPAddress(text)).isPublic)
    }

    @Test(
        "a stranger's machine is public",
        arguments: [
            "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "128.0.0.1", "172.15.255.255", "172.32.0.0",
            "192.167.255.255", "192.169.0.0", "223.255.255.255", "2606:4700::1111", "2a00::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        ])
    func isPublic(text: String) throws {
        #expect(try #require(IPAddress(text)).isPublic)
    }

    @Test("addresses have one written form; numbers that only some programs take for addresses are none")
    func forms() throws {
        #expect(IPAddress("::ffff:1.2.3.4")?.description == "1.2.3.4")
        #expect(IPAddress("2001:DB8:0:0:0::1")?.description == "2001:db8::1")
        for text in ["127.1", "0x7f.0.0.1", "2130706433", "1.2.3.4.5", "", "[::1]", "fe80::1%eth0", "1.2.3.4 "] {
            #expect(IPAddress(text) == nil, "\(text)")
        }
    }

    @Test("a network holds what begins as it does")
    func networks() throws {
        let network = try #require(IPNetwork("10.89.0.0/16"))
        #expect(network.contains(try #require(IPAddress("10.89.255.1"))))
        #expect(!network.contains(try #require(IPAddress("10.90.0.1"))))
        #expect(!network.contains(try #require(IPAddress("::1"))))
        #expect(try #require(IPNetwork("::/0")).contains(#require(IPAddress("ff02::1"))))
        #expect(try #require(IPNetwork("10.0.0.7")).contains(#require(IPAddress("::ffff:10.0.0.7"))))
        for text in ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8", "host/8", "10.0.0.0/+8"] {
            #expect(IPNetwork(text) == nil, "\(text)")
        }
    }

    @Test("a clone goes to public hosts, never to this machine's own networks, and to what the operator allows (hostile 4)")
    func destinations() throws {
        let own = ["203.0.113.9/32", "8.8.4.0/24"].compactMap { IPNetwork($0) }
        func permits(_ allowed: [String], _ host: String, _ addresses: String...) -> Bool {
            GitDestinations(allowed: allowed.compactMap { GitDestinations.PrivateHost($0) })
                .permit(host, at: addresses.compactMap { IPAddress($0) }, own: own)
        }
        #expect(permits([], "a.example", "1.1.1.1", "2606:4700::1111"))
        #expect(!permits([], "a.example"))
        #expect(!permits([], "a.example", "8.8.4.4"))
        #expect(!permits([], "a.example", "1.1.1.1", "10.0.0.1"))
        #expect(permits(["10.0.0.0/24"], "a.example", "1.1.1.1", "10.0.0.1"))
        #expect(!permits(["10.0.0.0/24"], "a.example", "10.0.1.1"))
        #expect(permits(["git.lab.example"], "git.lab.example", "192.168.1.4"))
        #expect(!permits(["git.lab.example"], "xgit.lab.example", "192.168.1.4"))
        for text in ["", "https://x", "a b", "UPPER.example", "1.2.3", "-a"] {
            #expect(GitDestinations.PrivateHost(text) == nil, "\(text)")
        }
    }
}
