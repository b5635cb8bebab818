import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform

/// From a request to the account that it comes from: by a bearer secret, or by the browser's cookie.
struct Authentication: Sendable {
    static let cookie = "weir_session"
    let accounts: Accounts

    /// Nil where anyone is let through. Throws `unauthenticated`, `cross_site_request` or `password_change_required`.
    func login(of request: Request, _ access: Access) async throws -> Call.Login? {
        if case .anyone = access { return nil }
        let secret: String
        if let bearer = Self.bearer(of: request) {
            secret = bearer
        } else if let cookie = Self.cookie(of: request) {
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

    static func cookie(of request: Request, named name: String = Authentication.cookie) -> String? {
        for header in request.headers[values: .cookie] {
            for pair in header.split(separator: ";") {
                let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == name { return String(parts[1]) }
            }
        }
        return nil
    }

    static func requireSameSite(_ request: Request) throws(WeirError) {
        switch request.method {
        case .get, .head, .options: return
        default: break
        }
        if request.headers[.weirRequest] == "1" { return }
        if let origin = request.headers[.origin], let host = request.head.authority,
            origin == "https://\(host)" || origin == "http://\(host)"
        {
            return
        }
        throw .crossSiteRequest()
    }

    /// Good only for the site itself, and out of reach of scripts.
    static func setCookie(_ secret: String, seconds: Int64, secure: Bool) -> String {
        "\(cookie)=\(secret); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "")
    }
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
