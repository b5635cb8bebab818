import Foundation
import TestSupport
import Testing
import WeirHTTP
import WeirModel
import WeirPlatform

@Suite("External ports")
struct PortTests {
    @Test("a port opens with its route and closes with it (INF-04)")
    func openAndClose() async throws {
        try await TestBackend.with { wire in
            while true {
                _ = try await wire.receive(until: "\r\n\r\n")
                try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            }
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let number = await gateway.openPort(to: [backend])
                let wire = try await Wire.connect(to: number)
                try await wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await wire.receiveMessage().body == "ok")
                gateway.routes.removePort(number)
                #expect(await gateway.next(of: number) == .closed(port: number))
                await #expect(throws: Wire.Failure.self) { try await Wire.connect(to: number) }
                try await wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await wire.receiveMessage().head.hasPrefix("HTTP/1.1 404 "))
            }
        }
    }

    @Test("replicas take turns when a browser opens a page; one that cannot be reached is passed over; 5xx and no replica count as errors")
    func replicas() async throws {
        @Sendable func serve(_ name: String) -> @Sendable (Wire) async throws -> Void {
            { wire in
                while true {
                    let request = try await wire.receive(until: "\r\n\r\n")
                    let status = request.hasPrefix("GET /broken") ? "500 Internal Server Error" : "200 OK"
                    try await wire.send("HTTP/1.1 \(status)\r\nContent-Length: 1\r\n\r\n\(name)")
                }
            }
        }
        try await TestBackend.with(serve: serve("a")) { a in
            try await TestBackend.with(serve: serve("b")) { b in
                let dead = try await TestBackend.with { _ in
                } _: {
                    $0
                }
                try await GatewayUnderTest.with { gateway in
                    let number = await gateway.openPort(to: [a, b])
                    let wire = try await Wire.connect(to: number)
                    func get(_ path: String = "/") async throws -> (head: String, body: String) {
                        try await wire.send("GET \(path) HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n")
                        return try await wire.receiveMessage()
                    }
                    var answers: [String] = []
                    for _ in 1...4 { answers.append(try await get().body) }
                    #expect(answers == ["a", "b", "a", "b"])
                    func route(_ backends: [Int], _ reason: LocalizedText? = nil) {
                        gateway.routes.setPort(
                            number,
                            to: PortRoute(
                                workload: gateway.workload, workspace: gateway.workspace, mode: .http,
                                backends: backends.map { Backend(host: "127.0.0.1", port: $0) }, reason: reason))
                    }
                    route([dead, b])
                    for _ in 1...2 { #expect(try await get().body == "b") }
                    #expect(gateway.routes.counters()[number]?.errors == 0)
                    #expect(try await get("/broken").head.hasPrefix("HTTP/1.1 500 "))
                    route([dead])
                    #expect(try await get().head.hasPrefix("HTTP/1.1 502 "))
                    route([], LocalizedText("The model could not be loaded.", zh: "模型加载失败。"))
                    let (head, body) = try await get()
                    #expect(head.hasPrefix("HTTP/1.1 503 "))
                    #expect(body.contains("The model could not be loaded."))
                    #expect(gateway.routes.counters()[number]?.requests == 9)
                    #expect(gateway.routes.counters()[number]?.errors == 3)
                }
            }
        }
    }

    @Test("a client that keeps cookies comes back to the replica that it began with, and gets another when that is gone (F4)")
    func affinity() async throws {
        @Sendable func serve(_ name: String) -> @Sendable (Wire) async throws -> Void {
            { wire in
                while true {
                    let request = try await wire.receive(until: "\r\n\r\n")
                    let body = name + (request.contains("weir_") ? "!" : "")
                    try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\nSet-Cookie: own=1; Path=/\r\n\r\n\(body)")
                }
            }
        }
        try await TestBackend.with(serve: serve("a")) { a in
            try await TestBackend.with(serve: serve("b")) { b in
                try await GatewayUnderTest.with { gateway in
                    let number = await gateway.openPort(to: [a, b])
                    let wire = try await Wire.connect(to: number)
                    func get(_ cookie: String?) async throws -> (cookies: [String], body: String) {
                        let field = cookie.map { "Cookie: other=1; \($0)\r\n" } ?? ""
                        try await wire.send("GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n")
                        let (head, body) = try await wire.receiveMessage()
                        return (head.components(separatedBy: "\r\n").filter { $0.hasPrefix("Set-Cookie: ") }, body)
                    }
                    let first = try await get(nil)
                    #expect(first.cookies.count == 2 && first.cookies.contains { $0.contains("own=1") })
                    let cookie = try #require(first.cookies.first { $0.contains("weir_replica_\(number)=") })
                    #expect(cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Lax"))
                    let pair = String(cookie.dropFirst("Set-Cookie: ".count).prefix { $0 != ";" })
                    // The replica does not see it, and it is not set again.
                    for _ in 1...6 {
                        let again = try await get(pair)
                        #expect(again.body == first.body && again.cookies.count == 1)
                    }
                    let other = first.body == "a" ? b : a
                    func route(_ backends: [Int]) {
                        gateway.routes.setPort(
                            number,
                            to: PortRoute(
                                workload: gateway.workload, workspace: gateway.workspace, mode: .http,
                                backends: backends.map { Backend(host: "127.0.0.1", port: $0) }))
                    }
                    let dead = try await TestBackend.with { _ in
                    } _: {
                        $0
                    }
                    // The one that is named is not there any more; the new place is told.
                    route([other, dead])
                    for _ in 1...3 {
                        let moved = try await get(pair)
                        #expect(moved.body != first.body)
                        #expect(moved.cookies.contains { $0.contains("weir_replica_\(number)=") && !$0.contains(pair) })
                    }
                    // One replica alone needs none.
                    route([a])
                    #expect(try await get(nil).cookies.count == 1)
                }
            }
        }
    }

    @Test("a client that keeps no cookies comes back to the replica that its address leads to, whatever it says of its address (F4)")
    func affinityByAddress() async throws {
        @Sendable func serve(_ name: String) -> @Sendable (Wire) async throws -> Void {
            { wire in
                while true {
                    _ = try await wire.receive(until: "\r\n\r\n")
                    try await wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(name)")
                }
            }
        }
        try await TestBackend.with(serve: serve("a")) { a in
            try await TestBackend.with(serve: serve("b")) { b in
                let dead = try await TestBackend.with { _ in
                } _: {
                    $0
                }
                try await GatewayUnderTest.with { gateway in
                    let number = await gateway.openPort(to: [a, b])
                    func get(_ fields: String = "") async throws -> String {
                        let wire = try await Wire.connect(to: number)
                        try await wire.send("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n")
                        return try await wire.receiveMessage().body
                    }
                    let first = try await get()
                    for own in 1...6 {
                        #expect(try await get() == first)
                        #expect(try await get("X-Forwarded-For: 203.0.113.\(own)\r\nX-Real-IP: 203.0.113.\(own)\r\n") == first)
                    }
                    // In whichever order the replicas stand, and when one that is not its own is gone.
                    let (own, other) = first == "a" ? (a, b) : (b, a)
                    for backends in [[b, a], [own, dead], [own]] {
                        gateway.routes.setPort(
                            number,
                            to: PortRoute(
                                workload: gateway.workload, workspace: gateway.workspace, mode: .http,
                                backends: backends.map { Backend(host: "127.0.0.1", port: $0) }))
                        // A dead one may be the first that it is led to: then its own answers all the same.
                        for _ in 1...3 { #expect(try await get() == first) }
                    }
                    gateway.routes.setPort(
                        number,
                        to: PortRoute(
                            workload: gateway.workload, workspace: gateway.workspace, mode: .http,
                            backends: [Backend(host: "127.0.0.1", port: other)]))
                    #expect(try await get() != first)
                }
            }
        }
    }

    @Test("in TCP mode each side may end its direction while the other goes on")
    func halfClose() async throws {
        try await TestBackend.with { wire in
            let all = try await wire.receiveAll()
            try await wire.send("got \(all.utf8.count)")
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let number = await gateway.openPort(.tcp, to: [backend])
                let wire = try await Wire.connect(to: number)
                try await wire.send([UInt8](repeating: 1, count: 1 << 20))
                wire.endSending()
                #expect(try await wire.receiveAll() == "got 1048576")
                #expect(gateway.routes.counters()[number]?.requests == 1)
            }
        }
    }

    @Test("a port speaks the program's protocol: HTTP and nothing else in HTTP mode, in TCP mode whatever the program does (INF-08)")
    func protocols() async throws {
        // How a client of TLS begins, with an end of a head behind it.
        let hello: [UInt8] = [0x16, 3, 1, 0, 4, 1, 0, 0, 0, 13, 10, 13, 10]
        try await TestBackend.with { wire in
            let first = try await wire.receive(exactly: hello.count)
            try await wire.send("got \(first == hello)")
            wire.endBoth()
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let web = try await Wire.connect(to: await gateway.openPort(to: [backend]))
                try await web.send(hello)
                #expect(try await web.receiveAll().hasPrefix("HTTP/1.1 400 "))
                let plain = try await Wire.connect(to: await gateway.openPort(.tcp, to: [backend]))
                try await plain.send(hello)
                #expect(try await plain.receiveAll() == "got true")
            }
        }
    }

    @Test("in TCP mode what a browser sends reaches no service: the console's cookie would go with it")
    func browsers() async throws {
        try await TestBackend.with { wire in
            let all = try await wire.receiveAll()
            try await wire.send("got \(all)")
        } _: { backend in
            try await GatewayUnderTest.with { gateway in
                let number = await gateway.openPort(.tcp, to: [backend])
                for pieces in [
                    ["GET / HTTP/1.1\r\nCookie: weir_session=x\r\n\r\n"], ["PO", "ST /a", " HTTP/1.0", "\r", "\n\r\n"],
                    ["GET / HTTP/1.1\n\n"],
                ] {
                    let wire = try await Wire.connect(to: number)
                    for piece in pieces { try await wire.send(piece) }
                    let answer = try await wire.receiveAll()
                    #expect(answer.hasPrefix("HTTP/1.1 421 ") && !answer.contains("got"), "\(pieces)")
                }
                #expect(gateway.routes.counters()[number]?.errors == 3)
                for other in ["GET key\r\n", "*1\r\nGET / HTTP/1.1\r\n", "EHLO host\r\n", "SSH-2.0-x\r\n", "GE", ""] {
                    let wire = try await Wire.connect(to: number)
                    try await wire.send(other)
                    wire.endSending()
                    #expect(try await wire.receiveAll() == "got \(other)")
                }
            }
        }
    }

    @Test("a port that another program holds is reported, and opened once it is free")
    func takenPort() async throws {
        try await GatewayUnderTest.with { gateway in
            let number = try await TestBackend.with { _ in
            } _: { taken in
                gateway.routes.setPort(
                    taken,
                    to: PortRoute(workload: gateway.workload, workspace: gateway.workspace, mode: .http, backends: []))
                guard case .failed(taken, _) = await gateway.next(of: taken) else {
                    Issue.record("the port was not taken")
                    return taken
                }
                return taken
            }
            #expect(await gateway.next(of: number) == .opened(port: number))
        }
    }
}
