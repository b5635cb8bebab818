import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform

/// From a request to the account that it comes from: by a bearer secret, or by the browser's cookie.
struct Authentication: Sendable {
    let accounts: Accounts
    /// Whether the API is reached by TLS.
    let isSecure: Bool

    /// With the prefix, a browser takes the cookie from this host over TLS alone, and for all paths.
    static func cookie(secure: Bool) -> String { secure ? "__Host-weir_session" : "weir_session" }

    /// Nil where anyone is let through. Throws `unauthenticated`, `cross_site_request` or `password_change_required`.
    func login(of request: Request, _ access: Access) async throws -> Call.Login? {
        if case .anyone = access {
            try Self.refuseForeign(request)
            return nil
        }
        let secret: String
        if let bearer = Self.bearer(of: request) {
            secret = bearer
        } else if let cookie = Self.session(of: request, secure: isSecure) {
            // The browser sends the cookie whoever made the page, so the request must show that it is from our own.
            try Self.requireSameSite(request)
            secret = cookie
        } else {
            throw WeirError.unauthenticated()
        }
        let caller = try await accounts.authenticate(secret)
        if case .account = access { try caller.requireOwnPassword() }
        return Call.Login(caller: caller, secret: secret)
    }

    private static func bearer(of request: Request) -> String? {
        guard let header = request.headers[.authorization] else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    /// The session that a browser sends.
    ///
    /// Cookies know no ports, so a page that a tenant serves on this host could set one of this name for some paths, and have its
    /// visitor work in another's session. Over TLS the name's prefix keeps that from happening; without it, two that differ count as none.
    static func session(of request: Request, secure: Bool) -> String? {
        let values = Set(cookies(of: request, named: cookie(secure: secure)))
        return values.count == 1 ? values.first : nil
    }

    static func cookies(of request: Request, named name: String) -> [String] {
        request.headers[values: .cookie].flatMap { header in
            header.split(separator: ";").compactMap { pair in
                let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                return parts.count == 2 && parts[0] == name ? String(parts[1]) : nil
            }
        }
    }

    /// Programs say nothing of where they come from; a browser does, and then it must be one of our own pages: else a stranger's page could
    /// log its visitor in as somebody else.
    static func refuseForeign(_ request: Request) throws(WeirError) {
        switch request.method {
        case .get, .head, .options: return
        default: break
        }
        if let site = request.headers[.secFetchSite]?.lowercased(), site != "same-origin", site != "none" { throw .crossSiteRequest() }
        if let origin = request.headers[.origin], !isOwn(origin, request) { throw .crossSiteRequest() }
    }

    private static func isOwn(_ origin: String, _ request: Request) -> Bool {
        guard let host = request.head.authority else { return false }
        return origin == "https://\(host)" || origin == "http://\(host)"
    }

    static func requireSameSite(_ request: Request) throws(WeirError) {
        switch request.method {
        case .get, .head, .options: return
        default: break
        }
        if request.headers[.weirRequest] == "1" { return }
        if let origin = request.headers[.origin], isOwn(origin, request) { return }
        throw .crossSiteRequest()
    }

    /// Good only for the site itself, and out of reach of scripts.
    static func setCookie(_ secret: String, seconds: Int64, secure: Bool) -> String {
        "\(cookie(secure: secure))=\(secret); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "")
    }
}

extension HTTPField.Name {
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
}

extension WeirError {
    static func crossSiteRequest() -> WeirError {
        WeirError(
            "cross_site_request", .forbidden, subject: "X-Weir-Request",
            LocalizedText(
                "With the cookie, a request that changes something must come from Weir's own pages.",
                zh: "使用 Cookie 登录时，更改类请求必须来自 Weir 自身页面。"),
            remedy: LocalizedText(
                "Send `X-Weir-Request: 1`, or use an API token.", zh: "请发送 `X-Weir-Request: 1`，或使用 API 令牌。"))
    }
}
