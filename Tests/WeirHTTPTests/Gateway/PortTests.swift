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

    @Test("replicas take turns; one that cannot be reached is passed over; 5xx and no replica count as errors")
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
                        try await wire.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
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
