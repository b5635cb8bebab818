import Testing
import TestSupport
import WeirModel

@Suite("The user name of an SSH login")
struct SSHUserNameTests {
    private let ids = RandomIdentifiers()

    private func places() -> [SSHUserName.Place] {
        let now = SystemClock().now()
        return [
            .environment(ids.next(Workload.self, at: now)), .draft(ids.next(Asset.self, at: now)),
            .code(ids.next(Project.self, at: now)), .netdisk,
        ]
    }

    @Test("each place has one name, which leads back to it (SSH-02)")
    func roundTrip() throws {
        for _ in 0..<500 {
            for place in places() {
                for person in [SSHUserName.Person.anyone, .account(try LoginName("ada")), .token] {
                    if person == .token, case .environment = place { continue }
                    let name = SSHUserName(person: person, place: place, workspace: "vision")
                    #expect(SSHUserName(name.description) == name)
                }
            }
        }
    }

    @Test("an identifier and its 32 hexadecimal digits are the same")
    func hexadecimal() throws {
        for _ in 0..<1000 {
            let id = ids.next(Workload.self, at: SystemClock().now())
            #expect(id.hexadecimal.utf8.count == 32)
            #expect(Identifier<Workload>(hexadecimal: id.hexadecimal) == id)
        }
        #expect(Identifier<Workload>(hexadecimal: String(repeating: "A", count: 32)) == nil)
        #expect(Identifier<Workload>(hexadecimal: "+" + String(repeating: "1", count: 31)) == nil)
    }

    @Test(
        "what is not exactly in the form leads nowhere",
        arguments: [
            "", "gemini", "root", "gemini@root", "gemini@root@", "gemini@root@ssh-", "gemini@root@ssh-0.vision",
            "gemini@root@ssh-00000000000000000000000000000000", "gemini@root@ssh-00000000000000000000000000000000.",
            "gemini@root@ssh-0000000000000000000000000000000G.vision", "gemini@root@ssh-00000000000000000000000000000000.Vision",
            "gemini@admin@ssh-00000000000000000000000000000000.vision", "GEMINI@root@ssh-00000000000000000000000000000000.vision",
            "gemini@root@ssh-00000000000000000000000000000000.vision@x", " gemini@root@ssh-00000000000000000000000000000000.vision",
            "gemini@root@ssh-00000000000000000000000000000000.vi sion", "gemini@root@ssh-00000000000000000000000000000000.-a",
            "token@root@ssh-00000000000000000000000000000000.vision", "gemini@upload@ssh-00000000000000000000000000000000.vision",
            "gemini@upload@netdisk", "gemini@upload@netdisk.", "gemini@upload@netdisk.a.b", "gemini@upload@data-.x", "@@.",
            "@root@netdisk.x",
            "gemini@root@ssh-00000000000000000000000000000000.vision\n", "gemini@root@ssh-00000000000000000000000000000000.\u{0}",
            "gémini@root@ssh-00000000000000000000000000000000.vision",
        ])
    func strict(text: String) { #expect(SSHUserName(text) == nil) }

    @Test("whatever is sent, it is read as itself or not at all")
    func fuzz() throws {
        var random = SeededRandom(seed: UInt64.random(in: 1 ... .max))
        let pieces = [
            "gemini", "root", "upload", "token", "ada", "@", ".", "-", "ssh-", "data-", "code-", "netdisk", "vision",
            "00000000000000000000000000000000", "0123456789abcdef0123456789abcdef", "\0", "/", "..", " ", "é", "%40", "@@",
        ]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...9, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            if let name = SSHUserName(text) { #expect(name.description == text) }
        }
    }
}

@Suite("Where a forwarded connection may go")
struct ForwardTargetTests {
    private let network: (address: UInt32, prefixLength: Int, gateway: UInt32?) = (0x0a59_0005, 24, 0x0a59_0001)

    private func target(_ host: String, _ port: Int = 80) -> ForwardTarget? {
        ForwardTarget(host: host, port: port, hostName: "environment-abc-0", network: network)
    }

    @Test("the environment itself, by any of its names", arguments: ["localhost", "LOCALHOST", "::1", "environment-abc-0"])
    func itself(host: String) { #expect(target(host)?.address == .loopback) }

    @Test("its workspace's network, but not the host in it")
    func network_() {
        #expect(target("10.89.0.7")?.address == .ipv4(0x0a59_0007))
        #expect(target("127.0.0.53")?.address == .ipv4(0x7f00_0035))
        #expect(target("10.89.0.1") == nil)
        #expect(target("10.89.0.0") == nil)
        #expect(target("10.89.0.255") == nil)
    }

    @Test(
        "nothing else, in whatever spelling",
        arguments: [
            "10.89.1.7", "169.254.169.254", "0.0.0.0", "8.8.8.8", "example.org", "host.containers.internal", "", "010.089.000.007",
            "0x0a590007",
            "173604871", "10.89.7", "::ffff:10.89.0.7", "[::1", "10.89.0.7 ", "10.89.0.7\0", "1.2.3.4.5", "-1.0.0.0", "2001:db8::1",
        ])
    func elsewhere(host: String) { #expect(target(host) == nil) }

    @Test("ports are ports", arguments: [0, -1, 65_536, .max])
    func ports(port: Int) { #expect(target("localhost", port) == nil) }
}

@Suite("Public keys for SSH")
struct SSHPublicKeyTests {
    private let ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8k3hR8UuDWkFkKjN4cJcUO9z0i8JrG2oE0mBfC3bXU ada@laptop"

    @Test("a key of a .pub file is taken with its comment (SSH-04)")
    func taken() throws {
        let key = try SSHPublicKey(ed25519 + "\n")
        #expect(key.kind == "ssh-ed25519" && key.bits == 256 && key.comment == "ada@laptop")
    }

    @Test(
        "what is no such key is refused with its reason",
        arguments: [
            ("", "ssh_key_malformed"), ("ssh-ed25519", "ssh_key_malformed"), ("ssh-ed25519 !!!", "ssh_key_malformed"),
            ("ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIJ8k3hR8UuDWkFkKjN4cJcUO9z0i8JrG2oE0mBfC3bXU", "ssh_key_malformed"),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8k", "ssh_key_malformed"),
            ("ssh-dss AAAAB3NzaC1kc3M=", "ssh_key_weak"),
            ("-----BEGIN OPENSSH PRIVATE KEY-----", "ssh_key_private"),
        ])
    func refused(text: String, code: String) {
        #expect { try SSHPublicKey(text) } throws: { ($0 as? WeirError)?.code == code }
    }

    @Test("a key that is cut or changed anywhere is never more than refused")
    func fuzz() {
        var random = SeededRandom(seed: UInt64.random(in: 1 ... .max))
        for _ in 0..<5000 {
            var bytes = Array(ed25519.utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                if Bool.random(using: &random) {
                    bytes[at] = UInt8.random(in: 32...126, using: &random)
                } else {
                    bytes.removeLast(bytes.count - at)
                }
            }
            _ = try? SSHPublicKey(String(decoding: bytes, as: UTF8.self))
        }
    }
}
