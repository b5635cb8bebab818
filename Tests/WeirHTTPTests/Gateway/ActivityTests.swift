import Foundation
import NIOCore
import TestSupport
import Testing
import WeirModel

@testable import WeirHTTP
@testable import WeirPlatform

@Suite("The gateway knows who is there")
struct ActivityTests {
    @Test("a request and what is said on a websocket are use of an environment; the browser's answers to pings are none (B12)")
    func presence() async throws {
        try await TestBackend.with { wire in
            let request = try await wire.receive(until: "\r\n\r\n")
            if request.contains("Upgrade") {
                try await wire.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
                while true { _ = try await wire.receive(until: "\n") }
            }
            try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                func seen() -> Timestamp? { gateway.routes.activity.seen(in: gateway.workload)[.requests] }
                gateway.setTool(port: backend)
                let cookie = try await gateway.enter()
                #expect(seen() == nil)
                _ = try await gateway.get(gateway.path(), cookie: cookie)
                #expect(seen() == gateway.clock.now())
                let wire = try await Wire.connect(to: gateway.port)
                try await wire.send(
                    "GET \(gateway.path())ws HTTP/1.1\r\nHost: tools\r\nCookie: \(cookie)\r\nConnection: Upgrade\r\n"
                        + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
                _ = try await wire.receive(until: "\r\n\r\n")
                let before = gateway.clock.now()
                gateway.clock.advance(by: .seconds(60))
                // Pong, masked, empty. The gateway looks once a second by the machine's clock, which no test moves: one look is waited for.
                try await wire.send([0x8A, 0x80, 1, 2, 3, 4])
                try await Task.sleep(for: .milliseconds(1200))
                #expect(seen() == before)
                try await wire.send([0x81, 0x81, 0, 0, 0, 0, 10])
                let end = ContinuousClock.now + .seconds(20)
                while seen() == before, .now < end { try await Task.sleep(for: .milliseconds(50)) }
                #expect(seen() == gateway.clock.now())
            }
        }
    }

    @Test(
        "a ping, a pong and a close are said by browsers themselves, all else by somebody (B12, review 18)",
        arguments: [
            ([0x8A, 0x80, 1, 2, 3, 4], true), ([0x89, 0x81, 1, 2, 3, 4, 5], true), ([0x88, 0x80, 1, 2, 3, 4], true),
            ([0x81, 0x81, 0, 0, 0, 0, 10], false), ([0x8A, 0x81, 1, 2, 3, 4], false), ([0x8A, 0x00, 1, 2, 3, 4], false),
            ([0x8A, 0x80, 1, 2, 3, 4, 0x81, 0x81, 0, 0, 0, 0, 10], false), ([], false),
        ] as [([UInt8], Bool)])
    func frames(bytes: [UInt8], isAlone: Bool) { #expect(ControlFrame.isAlone(in: ByteBuffer(bytes: bytes)) == isAlone) }

    @Test("what a tool tells of its kernels is read wherever it stands (B12, DEV-05)")
    func tools() throws {
        func activity(_ json: String) -> ToolActivity? { ToolActivity(Data(json.utf8)) }
        let status = try #require(activity(#"{"connections": 1, "kernels": 1, "last_activity": "2026-11-21T08:00:00.123456Z"}"#))
        #expect(status.last == Timestamp("2026-11-21T08:00:00.123Z") && !status.isBusy)
        let kernels = try #require(
            activity(
                #"[{"last_activity": "2026-11-21T08:00:00Z", "execution_state": "idle"}, {"kernel": {"execution_state": "busy", "last_activity": "2026-11-21T09:00:00+01:00"}}]"#
            ))
        #expect(kernels.last == Timestamp("2026-11-21T08:00:00Z") && kernels.isBusy)
        #expect(activity("{}")?.last == nil)
        #expect(activity("<html>") == nil)
        #expect(activity(#"{"last_activity": 7}"#)?.last == nil)
    }
}
