public import Crypto
import Foundation
import Synchronization
public import WeirModel

/// The way into a tool: the console or CLI hands out a token, the gateway turns it into a cookie for that one tool.
///
/// Both carry an HMAC under the installation's key, with a purpose in front so that neither passes for the other. A
/// token also names the process that issued it: what was spent is kept in memory, and dies together with the token.
public final class EntryTokens: Sendable {
    public static let tokenLife = Duration.seconds(60)
    public static let cookieLife = Duration.seconds(12 * 3600)
    /// More unspent tokens than this cannot be remembered, so redeeming stops until some expire.
    static let mostSpent = 100_000

    private let key: SymmetricKey
    private let clock: any WallClock
    private let process = UInt64.random(in: .min ... .max)
    private let spent = Mutex<[String: Timestamp]>([:])

    public init(key: SymmetricKey, clock: any WallClock) {
        self.key = key
        self.clock = clock
    }

    /// Who may enter which tool, until when.
    public struct Pass: Hashable, Sendable {
        public let account: Identifier<Account>
        public let workload: Identifier<Workload>
        public let tool: String
        public let expiry: Timestamp
        /// With which it ends; nil lets nobody in.
        public let login: LoginReference?
    }

    /// What a token turns into.
    public struct Entry: Hashable, Sendable {
        public let pass: Pass
        public let cookie: String
        /// Where to go from there: always inside the tool.
        public let path: String
    }

    /// A token for one entry within 60 seconds. The caller has checked that the account may enter.
    /// - Parameters:
    ///   - login: what the account came by: token and cookie end with it, and at its own end at the latest.
    ///   - path: below the tool's own path, without a slash in front: `lab/tree/notebook.ipynb`.
    public func issue(
        to account: Identifier<Account>, as login: LoginReference? = nil, until end: Timestamp? = nil, for workload: Identifier<Workload>,
        tool: String, path: String = ""
    ) throws(WeirError) -> String {
        guard ToolName.isValid(tool) else { throw .malformed("tool", "lower-case letters, digits and hyphens") }
        guard path.utf8.count <= 2048, path.utf8.allSatisfy({ (33...126).contains($0) && $0 != 92 }),
            !path.hasPrefix("/"), !path.contains("..")
        else { throw .malformed("path", "an encoded path below the tool, without a slash in front") }
        let expiry = clock.now() + Self.tokenLife
        let nonce = String(UInt64.random(in: .min ... .max), radix: 36)
        return sign(
            .token,
            [
                account.text, workload.text, tool, String(expiry.milliseconds), login?.description ?? "", nonce, String(process, radix: 36),
                end.map { String($0.milliseconds) } ?? "", path,
            ])
    }

    /// Spends a token: it is good for one entry.
    public func redeem(_ token: String) throws(WeirError) -> Entry {
        guard let parts = verify(.token, token), parts.count == 9, parts[6] == String(process, radix: 36),
            let pass = pass(parts), pass.expiry > clock.now(), spend(parts[5], until: pass.expiry)
        else { throw .entryTokenRefused() }
        let end = Int64(parts[7]).map { Timestamp(milliseconds: $0) }
        let longest = clock.now() + Self.cookieLife
        let expiry = end.map { min($0, longest) } ?? longest
        let cookie = sign(
            .cookie, [pass.account.text, pass.workload.text, pass.tool, String(expiry.milliseconds), pass.login?.description ?? ""])
        return Entry(
            pass: Pass(account: pass.account, workload: pass.workload, tool: pass.tool, expiry: expiry, login: pass.login), cookie: cookie,
            path: ToolName.path(of: pass.tool, in: pass.workload) + parts[8])
    }

    /// What a cookie stands for; nil when it was not made here or is over. Membership, and whether its login still holds, are the route table's to say.
    public func pass(ofCookie cookie: String) -> Pass? {
        guard let parts = verify(.cookie, cookie), parts.count == 5, let pass = pass(parts), pass.expiry > clock.now()
        else { return nil }
        return pass
    }

    private func pass(_ parts: [String]) -> Pass? {
        guard let account = Identifier<Account>(parts[0]), let workload = Identifier<Workload>(parts[1]),
            let expiry = Int64(parts[3])
        else { return nil }
        return Pass(
            account: account, workload: workload, tool: parts[2], expiry: Timestamp(milliseconds: expiry), login: LoginReference(parts[4]))
    }

    private func spend(_ nonce: String, until expiry: Timestamp) -> Bool {
        let now = clock.now()
        return spent.withLock { spent in
            if spent.count >= Self.mostSpent { spent = spent.filter { $0.value > now } }
            guard spent.count < Self.mostSpent, spent[nonce] == nil else { return false }
            spent[nonce] = expiry
            return true
        }
    }

    // MARK: Signing

    private enum Purpose: String { case token, cookie }

    /// `base64url(parts joined by "|") "." base64url(HMAC-SHA256)`. Only the last part may hold a `|`.
    private func sign(_ purpose: Purpose, _ parts: [String]) -> String {
        let payload = Data(parts.joined(separator: "|").utf8)
        let code = HMAC<SHA256>.authenticationCode(for: Data(purpose.rawValue.utf8) + [0] + payload, using: key)
        return payload.base64URL + "." + Data(code).base64URL
    }

    private func verify(_ purpose: Purpose, _ text: String) -> [String]? {
        let halves = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 4096, halves.count == 2, let payload = Data(base64URL: halves[0]),
            let code = Data(base64URL: halves[1]),
            HMAC<SHA256>.isValidAuthenticationCode(
                code, authenticating: Data(purpose.rawValue.utf8) + [0] + payload, using: key)
        else { return nil }
        let most = purpose == .token ? 8 : 4
        return String(decoding: payload, as: UTF8.self)
            .split(separator: "|", maxSplits: most, omittingEmptySubsequences: false).map(String.init)
    }
}

extension Data {
    fileprivate var base64URL: String {
        base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    fileprivate init?(base64URL text: Substring) {
        let plain = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        self.init(base64Encoded: plain + String(repeating: "=", count: (4 - plain.utf8.count % 4) % 4))
    }
}

extension WeirError {
    static func entryTokenRefused() -> WeirError {
        WeirError(
            "entry_token_refused", .unauthenticated, subject: "token",
            LocalizedText(
                "This link was used before or is older than a minute.", zh: "此链接已被使用，或已超过一分钟有效期。"),
            remedy: LocalizedText("Open the tool again from the console.", zh: "请从控制台重新打开该工具。"))
    }
}
