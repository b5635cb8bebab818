import HTTPTypes
import Hummingbird
public import WeirModel

/// Under which names the API and the console may be reached, and whose word on where a request comes from is taken.
///
/// A page on a stranger's name that leads to this machine would be the console's own page to a browser (DNS rebinding): so a name has to be
/// known. An address names this machine alone, whoever made the page.
public struct HostNames: Sendable {
    /// In small letters, without ports.
    private let known: Set<String>
    /// Proxies that say for whom they ask (`X-Forwarded-For`).
    private let trustedProxies: [IPNetwork]

    public init(known: Set<String> = [], trustedProxies: [IPNetwork] = []) {
        self.known = Set(known.map { $0.lowercased() })
        self.trustedProxies = trustedProxies
    }

    /// Throws `bad_host` and `unknown_host`.
    func check(_ request: Request) throws(WeirError) {
        // The first field of the name became the authority; there is no second (RFC 9112, 3.2).
        guard let authority = request.head.authority, request.headers[.secondHost] == nil, let name = Self.name(in: authority) else {
            throw .badHost()
        }
        if IPAddress(name) != nil || name == "localhost" || name.hasSuffix(".localhost") || known.contains(name) { return }
        throw .unknownHost(name)
    }

    /// The name or address before the port, in small letters; nil where it is none.
    static func name(in authority: String) -> String? {
        var rest = authority[...]
        let name: Substring
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]") else { return nil }
            name = rest[rest.index(after: rest.startIndex)..<end]
            rest = rest[rest.index(after: end)...]
            guard IPAddress(String(name))?.version == .six else { return nil }
        } else {
            name = rest.prefix { $0 != ":" }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, name.utf8.count <= 253, name.utf8.allSatisfy({ $0.isHostByte }) else { return nil }
        }
        guard rest.isEmpty || (rest.first == ":" && rest.count <= 6 && rest.dropFirst().utf8.allSatisfy { (48...57).contains($0) }) else {
            return nil
        }
        return (name.hasSuffix(".") ? name.dropLast() : name).lowercased()
    }

    /// Who asked: the sender, or where that is a trusted proxy, whoever the nearest one that is not trusted named.
    func client(of request: Request, from sender: String) -> String {
        guard !trustedProxies.isEmpty, isTrusted(sender) else { return sender }
        let named: [Substring] = request.headers[values: .forwardedFor].joined(separator: ",").split(separator: ",")
        var nearest = sender
        for part in named.reversed() {
            let address = String(part.drop { $0 == " " }.prefix { $0 != " " })
            guard IPAddress(address) != nil else { break }
            nearest = address
            if !isTrusted(nearest) { break }
        }
        return nearest
    }

    private func isTrusted(_ address: String) -> Bool {
        IPAddress(address).map { address in trustedProxies.contains { $0.contains(address) } } ?? false
    }
}

extension UInt8 {
    fileprivate var isHostByte: Bool {
        (97...122).contains(self) || (65...90).contains(self) || (48...57).contains(self) || self == 45 || self == 46 || self == 95
    }
}

extension HTTPField.Name {
    /// The first one is the request's authority.
    static let secondHost = HTTPField.Name("Host")!
    static let forwardedFor = HTTPField.Name("X-Forwarded-For")!
}

extension WeirError {
    static func badHost() -> WeirError {
        WeirError(
            "bad_host", .invalid, subject: "Host",
            LocalizedText("A request names the host that it is for, once.", zh: "请求须且只须指明一次目标主机。"))
    }

    static func unknownHost(_ name: String) -> WeirError {
        WeirError(
            "unknown_host", .invalid, subject: "Host",
            LocalizedText("Weir is not reached under the name \(name.prefix(64)).", zh: "不能通过名称 \(name.prefix(64)) 访问 Weir。"),
            remedy: LocalizedText(
                "Use the address that the operator gave; the operator adds names by `api.names`.",
                zh: "请使用运营管理员提供的地址；运营管理员可通过 `api.names` 添加名称。"))
    }
}
