import NIOCore
import WeirModel
import WeirPlatform

/// Finds out where a request goes, and whether it may.
struct RequestRouting {
    let connection: ClientConnection
    let bytes: UnsafeRawBufferPointer
    let head: RequestHead
    let scanner: HeadScanner

    private var loop: GatewayLoop { connection.loop }

    /// When it goes to a backend, the head for the backend is in `upstreamHead`.
    func decide(writing upstreamHead: inout ByteBuffer) -> Decision {
        switch connection.entrance {
        case .port(let number): port(number, &upstreamHead)
        case .tools: tools(&upstreamHead)
        }
    }

    // MARK: External ports

    private func port(_ number: Int, _ upstreamHead: inout ByteBuffer) -> Decision {
        guard let open = loop.core.routes.port(number) else { return error(.notFound("service"), "404 Not Found") }
        open.traffic.countRequest(at: loop.core.clock.now())
        guard !open.route.backends.isEmpty else {
            open.traffic.countError()
            return error(open.route.reason.map(WeirError.notUp) ?? .noReplica(), "503 Service Unavailable")
        }
        var exchange = exchange(to: open.route.backends, rules: ResponseRules())
        let replicas = open.route.backends
        if replicas.count > 1 {
            let affinity = ReplicaAffinity(port: number, cookies: head.cookie.map(bytes.text))
            exchange.affinity = affinity
            if let turn = affinity.turn(among: replicas) {
                exchange.turn = turn
            } else if !head.acceptsHTML, let address = connection.address {
                exchange.backends = ReplicaAffinity.order(replicas, for: address)
                let (turn, passage) = open.traffic.enter(oneOf: exchange.backends)
                exchange.turn = turn
                exchange.passage = passage
            } else {
                // A browser opens a page, and comes back by its cookie: everybody behind one address would otherwise share a replica.
                exchange.turn = open.traffic.turn(of: replicas.count)
            }
        }
        exchange.traffic = open.traffic
        write(UpstreamRules(), into: &upstreamHead)
        return .exchange(exchange)
    }

    // MARK: Tools

    private func tools(_ upstreamHead: inout ByteBuffer) -> Decision {
        let path = bytes[slice: head.path]
        if path.equalsLowercase("/enter") { return enter() }
        guard let place = ToolPlace(bytes, path: head.path) else {
            return error(.notFound("page"), "404 Not Found")
        }
        if place.lacksSlash {
            let query = bytes.text(head.path.upperBound..<head.target.upperBound)
            return answer(.redirect(to: ToolName.path(of: place.tool, in: place.workload) + query))
        }
        guard let pass = pass(for: place), loop.core.routes.isLive(pass.login) else { return error(.notEntered(), "401 Unauthorized") }
        guard let route = loop.core.routes.tool(place.tool, of: place.workload, for: pass.account) else {
            return error(.notFound("tool"), "404 Not Found")
        }
        guard comesFromHere else { return error(.foreignOrigin(), "403 Forbidden") }
        switch route.destination {
        case .down(let reason): return error(.notUp(reason), "503 Service Unavailable")
        case .terminal: return terminal(place, pass)
        case .backend(let backend):
            let prefix = ToolName.path(of: place.tool, in: place.workload)
            var exchange = exchange(
                to: [backend], rules: ResponseRules(confinedTo: prefix, addsPrefix: !route.prefixKept))
            exchange.pass = pass
            loop.core.routes.activity.saw(.requests, in: place.workload)
            var rules = UpstreamRules(authorization: route.upstreamAuthorization)
            if !route.prefixKept {
                rules.strippedPrefix = prefix.utf8.count - 1
                rules.prefix = String(prefix.dropLast())
            }
            write(rules, into: &upstreamHead)
            return .exchange(exchange)
        }
    }

    /// Whether a request that does something comes from a page of the tools' own origin. Browsers take the other ports of
    /// this host, where tenants' services are, for the same site, so the cookie alone does not tell.
    private var comesFromHere: Bool {
        let name = bytes[slice: head.method]
        if !head.wantsWebSocket, head.isHead || name.equalsLowercase("get") { return true }
        guard let origin = scanner.fields.first(where: { bytes[slice: $0.name].equalsLowercase("origin") }) else {
            return true
        }
        let text = bytes.text(origin.value).lowercased()
        if text == loop.core.settings.origin.lowercased() { return true }
        guard let host = head.host else { return false }
        return text == "\(connection.isTLS ? "https" : "http")://\(bytes.text(host).lowercased())"
    }

    /// The pass among the client's cookies that is for this tool.
    private func pass(for place: ToolPlace) -> EntryTokens.Pass? {
        guard let cookie = head.cookie else { return nil }
        return ToolCookie.values(in: bytes.text(cookie)).lazy.compactMap(loop.pass(ofCookie:))
            .first { $0.workload == place.workload && $0.tool == place.tool }
    }

    private func enter() -> Decision {
        guard let token = query("token") else { return error(.notEntered(), "401 Unauthorized") }
        do {
            let entry = try loop.core.tokens.redeem(token)
            guard loop.core.routes.isLive(entry.pass.login) else { return error(.notEntered(), "401 Unauthorized") }
            guard loop.core.routes.tool(entry.pass.tool, of: entry.pass.workload, for: entry.pass.account) != nil else {
                return error(.notFound("tool"), "404 Not Found")
            }
            let cookie = ToolCookie.header(
                entry, secure: connection.isTLS || loop.core.settings.origin.hasPrefix("https:"))
            return answer(.redirect(to: entry.path, cookie: cookie))
        } catch {
            return self.error(error, "401 Unauthorized")
        }
    }

    private func terminal(_ place: ToolPlace, _ pass: EntryTokens.Pass) -> Decision {
        guard let assets = loop.core.assets else { return error(.terminalMissing(), "503 Service Unavailable") }
        let rest = bytes.text(place.rest)
        guard rest == "ws" else {
            guard let file = assets.terminalFile(rest) else { return error(.notFound("page"), "404 Not Found") }
            return answer(file)
        }
        guard head.wantsWebSocket,
            let key = scanner.fields.first(where: { bytes[slice: $0.name].equalsLowercase("sec-websocket-key") })
        else { return answer(Answer(status: "426 Upgrade Required", fields: [("Upgrade", "websocket")], text: "")) }
        let name = query("name") ?? TerminalCommand.defaultName
        guard TerminalCommand.isValid(name: name) else {
            return error(.malformed("name", "letters, digits, \"_\" and \"-\"", rule: "X16"), "400 Bad Request")
        }
        return .terminal(
            TerminalUpgrade(
                pass: pass, key: bytes.text(key.value), name: name,
                columns: query("columns").flatMap { Int($0) } ?? 80, rows: query("rows").flatMap { Int($0) } ?? 24))
    }

    // MARK: Parts

    private func exchange(to backends: [Backend], rules: ResponseRules) -> Exchange {
        Exchange(
            backends: backends, isHead: head.isHead, keepAlive: head.keepAlive && head.isHTTP11,
            isHTTP11: head.isHTTP11,
            wantsWebSocket: head.wantsWebSocket, isRepeatable: head.isIdempotent && head.body == .none, body: head.body,
            style: head.style, rules: rules)
    }

    private func write(_ rules: UpstreamRules, into upstreamHead: inout ByteBuffer) {
        upstreamHead.clear(minimumCapacity: 1024)
        RequestRewriter(bytes: bytes, head: head, scanner: scanner, rules: rules)
            .write(into: &upstreamHead, forwarded: connection.forwarded)
    }

    private func answer(_ answer: Answer) -> Decision {
        .answer(answer, isHead: head.isHead, keepAlive: head.keepAlive && head.isHTTP11, body: head.body)
    }

    private func error(_ error: WeirError, _ status: String) -> Decision {
        answer(.error(error, status: status, style: head.style))
    }

    private func query(_ name: String) -> String? {
        guard head.path.upperBound < head.target.upperBound else { return nil }
        return bytes.text(head.path.upperBound + 1..<head.target.upperBound).split(separator: "&")
            .first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.utf8.count + 1)) }
    }
}

/// The workload, the tool and the rest in `/i/<workload>/<tool>/<rest>`.
struct ToolPlace {
    let workload: Identifier<Workload>
    let tool: String
    let rest: Range<Int>
    let lacksSlash: Bool

    init?(_ bytes: UnsafeRawBufferPointer, path: Range<Int>) {
        guard path.count > 3, bytes[slice: path.lowerBound..<path.lowerBound + 3].equalsLowercase("/i/") else {
            return nil
        }
        func segment(from start: Int) -> Range<Int> {
            var end = start
            while end < path.upperBound, bytes[end] != UInt8(ascii: "/") { end += 1 }
            return start..<end
        }
        let first = segment(from: path.lowerBound + 3)
        guard first.upperBound < path.upperBound, let workload = Identifier<Workload>(bytes.text(first)) else {
            return nil
        }
        let second = segment(from: first.upperBound + 1)
        let tool = bytes.text(second)
        guard ToolName.isValid(tool) else { return nil }
        self.workload = workload
        self.tool = tool
        lacksSlash = second.upperBound == path.upperBound
        rest = lacksSlash ? path.upperBound..<path.upperBound : second.upperBound + 1..<path.upperBound
    }
}
