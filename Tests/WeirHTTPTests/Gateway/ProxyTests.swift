import Foundation
import Synchronization
import TestSupport
import Testing
import WeirHTTP
import WeirModel
import WeirPlatform

@Suite("The gateway carries HTTP")
struct ProxyTests {
    @Test("fields between neighbours go no further, nor does what a client says of itself")
    func fields() async throws {
        try await TestBackend.with { wire in
            let request = try await wire.receive(until: "\r\n\r\n")
            try await wire.send(
                "HTTP/1.1 200 OK\r\nContent-Length: \(request.utf8.count)\r\nConnection: keep-alive, X-Inner\r\nX-Inner: 1\r\n"
                    + "Keep-Alive: timeout=5\r\nX-End: 2\r\nStrict-Transport-Security: max-age=1\r\n\r\n\(request)")
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                gateway.setTool(port: backend, secret: "token SECRET")
                let cookie = try await gateway.enter()
                let (head, body) = try await gateway.get(
                    gateway.path() + "lab?a=1", cookie: "theirs=1; \(cookie); weir_session=x",
                    fields:
                        "Connection: keep-alive, X-Secret\r\nX-Secret: 1\r\nTE: trailers\r\nX-Forwarded-For: 6.6.6.6\r\n"
                        + "Authorization: Basic eA==\r\nX-Mine: yes\r\nKeep-Alive: 3\r\nX-Real-IP: 6.6.6.6\r\n")
                #expect(body.hasPrefix("GET \(gateway.path())lab?a=1 HTTP/1.1\r\nHost: tools\r\n"))
                #expect(body.contains("\r\nX-Mine: yes\r\n"))
                #expect(body.contains("\r\nAuthorization: token SECRET\r\n"))
                #expect(body.contains("\r\nCookie: theirs=1\r\n"))
                #expect(body.contains("\r\nX-Forwarded-For: 127.0.0.1\r\n"))
                #expect(body.contains("\r\nX-Forwarded-Host: tools\r\n"))
                for gone in ["weir_", "X-Secret", "TE:", "6.6.6.6", "Basic", "Keep-Alive", "Connection"] {
                    #expect(!body.contains(gone), "\(gone)")
                }
                #expect(head.contains("\r\nX-End: 2\r\n"))
                for gone in ["X-Inner", "Keep-Alive", "Connection", "Strict-Transport"] {
                    #expect(!head.contains(gone), "\(gone)")
                }
            }
        }
    }

    @Test("requests one behind the other on one connection are answered in order, over one connection to the backend")
    func keepAlive() async throws {
        let connections = Mutex(0)
        try await TestBackend.with { wire in
            connections.withLock { $0 += 1 }
            while true {
                let request = try await wire.receive(until: "\r\n\r\n")
                let path = request.split(separator: " ")[1]
                try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(path.utf8.count)\r\n\r\n\(path)")
            }
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let number = await gateway.openPort(to: [backend])
                let wire = try await Wire.connect(to: number)
                try await wire.send((1...50).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
                for index in 1...50 { #expect(try await wire.receiveMessage().body == "/\(index)") }
                #expect(connections.withLock { $0 } == 1)
                #expect(gateway.routes.counters()[number]?.requests == 50)
                #expect(gateway.routes.counters()[number]?.errors == 0)
            }
        }
    }

    @Test("answers without a body end with their head: HEAD, 204, 304")
    func bodiless() async throws {
        try await TestBackend.with { wire in
            while true {
                let request = try await wire.receive(until: "\r\n\r\n")
                if request.hasPrefix("HEAD") {
                    try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n")
                } else if request.contains("/204") {
                    try await wire.send("HTTP/1.1 204 No Content\r\n\r\n")
                } else if request.contains("/304") {
                    try await wire.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")
                } else {
                    try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                }
            }
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let wire = try await Wire.connect(to: await gateway.openPort(to: [backend]))
                try await wire.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await wire.receive(until: "\r\n\r\n").contains("Content-Length: 99"))
                for status in ["204", "304"] {
                    try await wire.send("GET /\(status) HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try await wire.receive(until: "\r\n\r\n").contains(" \(status) "))
                }
                try await wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await wire.receiveMessage().body == "ok")
            }
        }
    }

    @Test("a chunked body goes through chunk by chunk, in both directions, without its trailers")
    func chunks() async throws {
        try await TestBackend.with { wire in
            let head = try await wire.receive(until: "\r\n\r\n")
            #expect(head.contains("Transfer-Encoding: chunked\r\n"))
            #expect(try await wire.receive(until: "0\r\n\r\n") == "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n")
            try await wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            #expect(try await wire.receive(until: "\r\n\r\n").hasPrefix("GET /next"))
            Issue.record("the answer was not over yet")
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let wire = try await Wire.connect(to: await gateway.openPort(to: [backend]))
                try await wire.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe")
                try await wire.send("llo\r\n6;x=y\r\n world\r\n0\r\nX-Trailer: 1\r\n")
                try await wire.send("\r\n")
                // The first chunk arrives while the answer still goes on.
                #expect(try await wire.receive(until: "one\r\n").hasSuffix("\r\n\r\n3\r\none\r\n"))
            }
        }
    }

    @Test("a client that waits for 100 Continue gets the backend's")
    func expectContinue() async throws {
        try await TestBackend.with { wire in
            _ = try await wire.receive(until: "\r\n\r\n")
            try await wire.send("HTTP/1.1 100 Continue\r\n\r\n")
            let body = try await wire.receive(exactly: 4)
            try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + String(decoding: body, as: UTF8.self))
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let wire = try await Wire.connect(to: await gateway.openPort(to: [backend]))
                try await wire.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
                #expect(try await wire.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
                try await wire.send("body")
                #expect(try await wire.receiveMessage().body == "body")
            }
        }
    }

    @Test("a reader that does not read holds the backend back: the gateway keeps no 64 MiB")
    func slowReader() async throws {
        let size = 64 << 20
        let taken = AsyncStream.makeStream(of: Int.self)
        try await TestBackend.with { wire in
            wire.set(Int32(SO_SNDBUF), to: 64 << 10)
            _ = try await wire.receive(until: "\r\n\r\n")
            try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n")
            let bytes = [UInt8](repeating: 7, count: size)
            let first = try await wire.sendUntilStalled(bytes, patience: .milliseconds(700))
            taken.continuation.yield(first)
            try await wire.send(Array(bytes[first...]))
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let number = await gateway.openPort(to: [backend])
                let wire = try await Wire.connect(to: number, receiveBuffer: 64 << 10)
                try await wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                var iterator = taken.stream.makeAsyncIterator()
                let first = try #require(await iterator.next())
                // The kernel's buffers on four sockets, and the gateway's own.
                #expect(first < 48 << 20)
                _ = try await wire.receive(until: "\r\n\r\n")
                var received = 0
                while received < size {
                    let part = try await wire.receive()
                    try #require(!part.isEmpty)
                    received += part.count
                }
                #expect(received == size)
            }
        }
    }

    @Test("an upload streams: the backend has its first bytes before the last are sent, and holds the client back")
    func upload() async throws {
        let size = 64 << 20
        let begun = AsyncStream.makeStream(of: Void.self)
        let goOn = AsyncStream.makeStream(of: Void.self)
        try await TestBackend.with { wire in
            wire.set(Int32(SO_RCVBUF), to: 64 << 10)
            _ = try await wire.receive(until: "\r\n\r\n")
            var received = try await wire.receive(exactly: 4).count
            begun.continuation.yield()
            for await _ in goOn.stream { break }
            while received < size { received += try await wire.receive().count }
            try await wire.send("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok")
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let wire = try await Wire.connect(to: await gateway.openPort(to: [backend]))
                wire.set(Int32(SO_SNDBUF), to: 64 << 10)
                try await wire.send("PUT /f HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n1234")
                for await _ in begun.stream { break }
                let rest = [UInt8](repeating: 7, count: size - 4)
                let first = try await wire.sendUntilStalled(rest, patience: .milliseconds(700))
                #expect(first < 48 << 20)
                goOn.continuation.yield()
                try await wire.send(Array(rest[first...]))
                #expect(try await wire.receiveMessage().body == "ok")
            }
        }
    }

    @Test("a websocket is a tunnel once the backend has agreed")
    func webSocket() async throws {
        try await TestBackend.with { wire in
            let head = try await wire.receive(until: "\r\n\r\n")
            #expect(head.contains("Connection: Upgrade\r\nUpgrade: websocket\r\n"))
            #expect(head.contains("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"))
            try await wire.send(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nfirst")
            while true {
                let part = try await wire.receive()
                if part.isEmpty { return }
                try await wire.send(part)
            }
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                gateway.setTool(port: backend)
                let cookie = try await gateway.enter()
                let upgrade =
                    "Host: tools\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                let wire = try await Wire.connect(to: gateway.port)
                try await wire.send("GET \(gateway.path())ws HTTP/1.1\r\n\(upgrade)Cookie: \(cookie)\r\n\r\n")
                let head = try await wire.receive(until: "\r\n\r\n")
                #expect(head.hasPrefix("HTTP/1.1 101 "))
                #expect(head.contains("Upgrade: websocket\r\n"))
                #expect(try await wire.receive(until: "first") == "first")
                for size in [1, 1000, 300_000] {
                    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
                    async let sent: Void = wire.send(bytes)
                    #expect(try await wire.receive(exactly: size) == bytes)
                    try await sent
                }
                // A page of another origin cannot open one, whatever cookie the browser adds.
                let foreign = try await gateway.get(
                    gateway.path() + "ws", cookie: cookie,
                    fields: "Connection: Upgrade\r\nUpgrade: websocket\r\nOrigin: http://tools:30001\r\n")
                #expect(foreign.head.hasPrefix("HTTP/1.1 403 "))
                // Who is no member any more is cut off, within a second or two.
                gateway.routes.setMembers(of: gateway.workspace, to: [])
                #expect(try await wire.receive().isEmpty)
            }
        }
    }

    @Test("an HTTP/1.0 client gets an answer that ends with the connection")
    func oldClient() async throws {
        try await TestBackend.with { wire in
            let head = try await wire.receive(until: "\r\n\r\n")
            #expect(head.hasPrefix("GET / HTTP/1.0\r\n"))
            try await wire.send("HTTP/1.0 200 OK\r\n\r\nold")
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let wire = try await Wire.connect(to: await gateway.openPort(to: [backend]))
                try await wire.send("GET / HTTP/1.0\r\n\r\n")
                #expect(try await wire.receiveAll().hasSuffix("Connection: close\r\n\r\nold"))
            }
        }
    }

    @Test("a kept connection that the backend has closed meanwhile is replaced without the client's notice")
    func staleConnection() async throws {
        let connections = Mutex(0)
        try await TestBackend.with { wire in
            connections.withLock { $0 += 1 }
            _ = try await wire.receive(until: "\r\n\r\n")
            try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            // Takes the next request, and goes without a word.
            _ = try await wire.receive(until: "\r\n\r\n")
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let wire = try await Wire.connect(to: await gateway.openPort(to: [backend]))
                for _ in 1...4 {
                    try await wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try await wire.receiveMessage().body == "ok")
                }
                #expect(connections.withLock { $0 } == 4)
            }
        }
    }

    @Test(
        "an answer that the gateway cannot carry says what is wrong with it (bugs R8)",
        arguments: [
            ("HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "ends in CR and LF"), ("long", "64 KiB are the most"), ("many", "128 fields"),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "read in two ways"),
        ])
    func wrongAnswer(answer: String, reason: String) async throws {
        let field = answer == "long" ? "X: \(String(repeating: "a", count: 70_000))\r\n" : String(repeating: "X: 1\r\n", count: 200)
        let text = ["long", "many"].contains(answer) ? "HTTP/1.1 200 OK\r\n\(field)Content-Length: 2\r\n\r\nok" : answer
        try await TestBackend.with { wire in
            _ = try await wire.receive(until: "\r\n\r\n")
            try await wire.send(text)
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let number = await gateway.openPort(to: [backend])
                let wire = try await Wire.connect(to: number)
                try await wire.send("GET / HTTP/1.1\r\nHost: a\r\nAccept: application/json\r\n\r\n")
                let (head, body) = try await wire.receiveMessage()
                #expect(head.hasPrefix("HTTP/1.1 502 "))
                #expect(body.contains(reason), "\(body)")
            }
        }
    }

    @Test(
        "a host is a name or an address with a port (hostile 11)",
        arguments: ["evil/../x", "a@b", "a?b", "a b", "", "a,b", "a\\b", "a:x", "a:", "[::1", "[]", "a:1:2"])
    func badHost(host: String) async throws {
        try await GatewayUnderTest.with { gateway in
            let wire = try await Wire.connect(to: gateway.port)
            try await wire.send("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            #expect(try await wire.receiveAll().hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test(
        "what two readers could read in two ways is refused",
        arguments: [
            ("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "400"),
            ("Content-Length: 3\r\nContent-Length: 3\r\n", "400"), ("Content-Length: +3\r\n", "400"),
            ("Content-Length: 3, 3\r\n", "400"),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "400"),
            ("Transfer-Encoding: gzip, chunked\r\n", "501"), ("Transfer-Encoding : chunked\r\n", "400"),
            ("X: 1\r\n folded\r\n", "400"), ("X: a\nContent-Length: 3\r\n", "400"), ("X: \u{0}\r\n", "400"),
            ("Host: b\r\n", "400"), ("Expect: tea\r\n", "417"),
            ("X: long\r\n", "431"),
        ])
    func smuggling(field: String, status: String) async throws {
        try await GatewayUnderTest.with { gateway in
            let wire = try await Wire.connect(to: gateway.port)
            let field = field.replacingOccurrences(of: "long", with: String(repeating: "a", count: 70_000))
            try await wire.send("POST / HTTP/1.1\r\nHost: a\r\n\(field)\r\nabc")
            let answer = try await wire.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
            #expect(answer.contains("Connection: close\r\n"))
        }
    }
}
