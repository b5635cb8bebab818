import Foundation
import Synchronization
import TestSupport
import Testing
import WeirEngine
import WeirHTTP
import WeirModel
import WeirPlatform

@Suite("The web terminal")
struct TerminalTests {
    /// Says back what is written to it, and what size it has; ends at `exit`.
    final class EchoTerminal: TerminalSession {
        let output: AsyncThrowingStream<[UInt8], any Error>
        private let continuation: AsyncThrowingStream<[UInt8], any Error>.Continuation
        let closed = AsyncStream.makeStream(of: Void.self)

        init() { (output, continuation) = AsyncThrowingStream.makeStream(of: [UInt8].self) }

        func write(_ bytes: [UInt8]) async throws {
            if bytes == Array("exit".utf8) { return continuation.finish() }
            continuation.yield(bytes)
        }
        func resize(_ size: TerminalSize) async throws {
            continuation.yield(Array("[\(size.columns)x\(size.rows)]".utf8))
        }
        func close() async { closed.continuation.yield() }
    }

    private static func frame(_ opcode: UInt8, _ text: String) -> [UInt8] {
        let mask: [UInt8] = [1, 2, 3, 4]
        let masked = text.utf8.enumerated().map { $1 ^ mask[$0 % 4] }
        return [0x80 | opcode, 0x80 | UInt8(text.utf8.count)] + mask + masked
    }

    @Test(
        "who breaks the protocol of websockets is told by a code, and heard no more (hostile C5)",
        arguments: [
            ([0x82, 0x01, 0x41], 1002), ([0xc2, 0x81, 1, 2, 3, 4, 0x40], 1002), ([0xa2, 0x81, 1, 2, 3, 4, 0x40], 1002),
            ([0x92, 0x81, 1, 2, 3, 4, 0x40], 1002), ([0x83, 0x80, 1, 2, 3, 4], 1002), ([0x8b, 0x80, 1, 2, 3, 4], 1002),
            ([0x09, 0x80, 1, 2, 3, 4], 1002), ([0x80, 0x80, 1, 2, 3, 4], 1002),
            ([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28], 1007), ([0x01, 0x81, 0, 0, 0, 0, 0xc3, 0x80, 0x81, 0, 0, 0, 0, 0x28], 1007),
            ([0x88, 0x81, 0, 0, 0, 0, 3], 1002), ([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xed], 1002),
            ([0x88, 0x82, 0, 0, 0, 0, 0x0f, 0xa0], 4000), ([0x88, 0x80, 0, 0, 0, 0], 1000),
            ([0x82, 0xff, 0, 0, 0, 0, 0, 0x20, 0, 0, 1, 2, 3, 4], 1009),
        ] as [([UInt8], Int)])
    func rules(bytes: [UInt8], code: Int) async throws {
        let (assets, folder) = try Self.assets()
        defer { withExtendedLifetime(folder) {} }
        let terminal = EchoTerminal()
        try await GatewayUnderTest.with(assets: assets, openTerminal: { _, _, _ in terminal }) { gateway in
            gateway.setTool("terminal", to: .terminal)
            let (wire, head) = try await Self.open(gateway, try await gateway.enter("terminal"), "")
            #expect(head.hasPrefix("HTTP/1.1 101 "))
            try await wire.send(bytes)
            let answer = try await Self.receive(wire)
            #expect(answer.opcode == 8 && answer.data.count == 2)
            #expect(Int(answer.data[0]) << 8 | Int(answer.data[1]) == code)
            #expect(try await wire.receiveAll().isEmpty)
        }
    }

    private static func receive(_ wire: Wire) async throws -> (opcode: UInt8, data: [UInt8]) {
        let head = try await wire.receive(exactly: 2)
        return (head[0] & 15, try await wire.receive(exactly: Int(head[1] & 127)))
    }

    private static func open(_ gateway: GatewayUnderTest, _ cookie: String, _ query: String) async throws -> (
        Wire, String
    ) {
        let wire = try await Wire.connect(to: gateway.port)
        try await wire.send(
            "GET \(gateway.path("terminal"))ws\(query) HTTP/1.1\r\nHost: tools\r\nCookie: \(cookie)\r\nConnection: Upgrade\r\n"
                + "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        return (wire, try await wire.receive(until: "\r\n\r\n"))
    }

    private static func assets() throws -> (FrontendAssets, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let xterm = folder.url.appendingPathComponent("xterm")
        try FileManager.default.createDirectory(at: xterm, withIntermediateDirectories: true)
        try Data("export {}".utf8).write(to: xterm.appendingPathComponent("index.js"))
        try Data("body{}".utf8).write(to: xterm.appendingPathComponent("xterm.css"))
        return (try FrontendAssets(folder: folder.url), folder)
    }

    @Test("bytes go both ways, sizes go in, the session is closed with the page and the page with the session (X16, DEV-09)")
    func bridge() async throws {
        let sessions = Mutex<[String: EchoTerminal]>([:])
        let (assets, _) = try Self.assets()
        try await GatewayUnderTest.with(
            assets: assets,
            openTerminal: { _, size, name in
                let terminal = EchoTerminal()
                try await terminal.resize(size)
                sessions.withLock { $0[name] = terminal }
                return terminal
            }
        ) { gateway in
            gateway.setTool("terminal", to: .terminal)
            let cookie = try await gateway.enter("terminal")
            let (wire, head) = try await Self.open(gateway, cookie, "?name=work&columns=100&rows=30")
            #expect(head.hasPrefix("HTTP/1.1 101 "))
            #expect(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
            #expect(try await Self.receive(wire) == (2, Array("[100x30]".utf8)))
            try await wire.send(Self.frame(2, "ls\r"))
            #expect(try await Self.receive(wire) == (2, Array("ls\r".utf8)))
            try await wire.send(Self.frame(1, #"{"columns":9999,"rows":1}"#))
            #expect(try await Self.receive(wire) == (2, Array("[1000x2]".utf8)))
            try await wire.send(Self.frame(9, "hi"))
            #expect(try await Self.receive(wire) == (10, Array("hi".utf8)))
            wire.endBoth()
            let work = try #require(sessions.withLock { $0["work"] })
            for await _ in work.closed.stream { break }

            let (other, _) = try await Self.open(gateway, cookie, "")
            _ = try await Self.receive(other)
            try await other.send(Self.frame(2, "exit"))
            #expect(try await Self.receive(other).opcode == 8)
            #expect(sessions.withLock { $0["main"] } != nil)
            #expect(try await Self.open(gateway, cookie, "?name=a%20b").1.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test("the page and its files are served to who may enter; a terminal that cannot be opened says why")
    func page() async throws {
        let (assets, _) = try Self.assets()
        try await GatewayUnderTest.with(assets: assets) { gateway in
            gateway.setTool("terminal", to: .terminal)
            #expect(try await gateway.get(gateway.path("terminal")).head.hasPrefix("HTTP/1.1 401 "))
            let cookie = try await gateway.enter("terminal")
            #expect(try await gateway.get(gateway.path("terminal"), cookie: cookie).body.contains("terminal.js"))
            #expect(
                try await gateway.get(gateway.path("terminal") + "terminal.js", cookie: cookie).body.contains(
                    "WebSocket"))
            #expect(try await gateway.get(gateway.path("terminal") + "xterm.js", cookie: cookie).body == "export {}")
            let (wire, _) = try await Self.open(gateway, cookie, "")
            #expect(
                String(decoding: try await Self.receive(wire).data, as: UTF8.self).contains("There is no such terminal")
            )
        }
    }
}
