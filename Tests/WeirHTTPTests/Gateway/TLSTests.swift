import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import TestSupport
import Testing
import WeirHTTP
import WeirModel
import WeirPlatform

@Suite("The gateway by TLS")
struct TLSTests {
    @Test("both doors speak TLS when a certificate is given, and say so to the backend")
    func tls() async throws {
        let folder = try TemporaryFolder()
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        openssl.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj",
            "/CN=localhost", "-keyout", folder.path + "/key.pem", "-out", folder.path + "/certificate.pem",
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        let tls = GatewaySettings.TLS(
            certificateFile: folder.path + "/certificate.pem", keyFile: folder.path + "/key.pem")
        var trusting = TLSConfiguration.makeClientConfiguration()
        trusting.certificateVerification = .none
        let client = HTTPClient(configuration: .init(tlsConfiguration: trusting))
        try await TestBackend.with { wire in
            while true {
                let request = try await wire.receive(until: "\r\n\r\n")
                let big = request.contains("/big")
                let body = big ? String(repeating: "x", count: 3 << 20) : request
                try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            }
        } _: { backend in
            try await GatewayUnderTest.with(tls: tls) { gateway in
                let number = await gateway.openPort(to: [backend])
                let answer = try await client.execute(
                    HTTPClientRequest(url: "https://127.0.0.1:\(number)/"), timeout: .seconds(20))
                let text = String(buffer: try await answer.body.collect(upTo: 1 << 20))
                #expect(text.contains("X-Forwarded-Proto: https\r\n"))
                let big = try await client.execute(
                    HTTPClientRequest(url: "https://127.0.0.1:\(number)/big"), timeout: .seconds(20))
                #expect(try await big.body.collect(upTo: 8 << 20).readableBytes == 3 << 20)
                let tools = try await client.execute(
                    HTTPClientRequest(url: "https://127.0.0.1:\(gateway.port)/x"), timeout: .seconds(20))
                let code = tools.status.code
                #expect(code == 404)
            }
        }
        try await client.shutdown()
    }
}
