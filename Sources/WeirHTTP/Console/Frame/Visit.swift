import Foundation
import HTTPTypes
import Hummingbird
import WeirModel

/// One request for a page: by whom, in which language, and where they are.
struct Visit: Sendable {
    static let languageCookie = "weir_language"
    static let workspaceCookie = "weir_workspace"
    /// What was done last, told once on the next page.
    static let doneCookie = "weir_done"

    let request: Request
    let information: RequestInformation
    let language: Language
    /// The secret of who has logged in.
    let session: String?

    init(_ request: Request, _ information: RequestInformation, secure: Bool) {
        self.request = request
        self.information = information
        session = Authentication.session(of: request, secure: secure)
        let chosen = Authentication.cookies(of: request, named: Self.languageCookie).first.flatMap(Language.init(rawValue:))
        language = chosen ?? Language(accepting: request.headers[.acceptLanguage])
    }

    func cookie(_ name: String) -> String? { Authentication.cookies(of: request, named: name).first }

    /// Path and query, as the browser shows them.
    var address: String { request.head.path ?? "/" }

    static func setCookie(_ name: String, _ value: String, seconds: Int, secure: Bool) -> String {
        "\(name)=\(value); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict" + (secure ? "; Secure" : "")
    }

    /// A place on this site; anything else would lead the browser away from it.
    static func ownPlace(_ text: String?) -> String? {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), !text.contains("\\"), text.utf8.count <= 2048,
            text.unicodeScalars.allSatisfy({ $0.value > 32 && $0.value != 127 })
        else { return nil }
        return text
    }
}

/// A path with its query, taken apart.
struct Address: Sendable {
    let path: String
    let query: [(name: String, value: String)]

    init(_ text: String) {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        query = parts.count > 1 ? FormFields.pairs(in: String(parts[1])) : []
    }

    init(path: String, query: [(name: String, value: String)]) {
        (self.path, self.query) = (path, query)
    }

    /// The same place with another value, or without it.
    func with(_ name: String, _ value: String?) -> Address {
        Address(path: path, query: query.filter { $0.name != name } + (value.map { [(name, $0)] } ?? []))
    }

    var text: String {
        guard !query.isEmpty else { return path }
        return path + "?" + query.map { Self.escaped($0.name) + "=" + Self.escaped($0.value) }.joined(separator: "&")
    }

    /// For a part of a path, or a name or value of a query.
    static func escaped(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
    }

    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
}
