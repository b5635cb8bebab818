import TestSupport
import Testing
import WeirModel

@testable import WeirHTTP

@Suite("The host that a request is for")
struct HostTests {
    @Test("no host, two, or what is none is refused; a name must be known, an address need not (hostile 11)")
    func hosts() async throws {
        try await TestServer.with(names: HostNames(known: ["Weir.example.org"])) { server in
            let port = try #require(Int(server.client.base.split(separator: ":").last ?? ""))
            func status(_ fields: String) async throws -> String {
                let wire = try await Wire.connect(to: port)
                try await wire.send("GET /api/v1/system HTTP/1.1\r\n\(fields)Connection: close\r\n\r\n")
                return String(try await wire.receiveAll().dropFirst("HTTP/1.1 ".count).prefix(3))
            }
            for host in [
                "127.0.0.1:\(port)", "192.0.2.1", "[::1]:80", "localhost", "a.localhost:1", "weir.example.org", "WEIR.example.org:8080",
            ] {
                #expect(try await status("Host: \(host)\r\n") == "200", "\(host)")
            }
            for host in ["evil.example", "weir.example.org.evil.example", "xweir.example.org", "127.0.0.1.evil.example"] {
                #expect(try await status("Host: \(host)\r\n") == "421", "\(host)")
            }
            for host in ["", "evil/../x", "a@localhost", "localhost:80:80", "localhost:x", "[::1", "[evil]", "local host", "localhost?"] {
                #expect(try await status("Host: \(host)\r\n") == "400", "\(host)")
            }
            #expect(try await status("") == "400")
            #expect(try await status("Host: localhost\r\nHost: localhost\r\n") == "400")
        }
    }

    @Test("a proxy that is trusted says who asks; anybody else says nothing")
    func proxies() {
        #expect(HostNames.name(in: "LocalHost.:80") == "localhost")
        #expect(HostNames.name(in: "[::1]:80") == "::1")
        #expect(HostNames.name(in: "[::1]x") == nil)
    }
}
