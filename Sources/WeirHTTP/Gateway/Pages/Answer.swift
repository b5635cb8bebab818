import Foundation
import NIOCore
import WeirModel

/// An answer that the gateway gives itself, small enough to be one buffer.
struct Answer {
    var status: String
    var type = "text/html; charset=utf-8"
    var fields: [(String, String)] = []
    var body: ByteBuffer

    init(status: String, type: String = "text/html; charset=utf-8", fields: [(String, String)] = [], body: ByteBuffer) {
        self.status = status
        self.type = type
        self.fields = fields
        self.body = body
    }

    init(status: String, type: String = "text/html; charset=utf-8", fields: [(String, String)] = [], text: String) {
        self.init(status: status, type: type, fields: fields, body: ByteBuffer(string: text))
    }

    static func redirect(to location: String, cookie: String? = nil) -> Answer {
        var fields = [("Location", location), ("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")]
        if let cookie { fields.append(("Set-Cookie", cookie)) }
        return Answer(status: "303 See Other", fields: fields, text: "")
    }

    /// The page or JSON of an error, with its remedy.
    static func error(_ error: WeirError, status: String, style: PageStyle) -> Answer {
        var fields = [("Cache-Control", "no-store"), ("Vary", "Accept, Accept-Language")]
        if error.category == .unavailable { fields.append(("Retry-After", "\(retrySeconds)")) }
        if style.json {
            struct Body: Encodable {
                let error: Inner
                struct Inner: Encodable { let code, subject, message: String; let rule, remedy: String? }
            }
            let body = Body(
                error: .init(
                    code: error.code, subject: error.subject, message: error.message[style.language], rule: error.rule,
                    remedy: error.remedy?[style.language]))
            let data = (try? JSONEncoder().encode(body)) ?? Data()
            return Answer(status: status, type: "application/json", fields: fields, body: ByteBuffer(bytes: data))
        }
        return Answer(
            status: status,
            fields: fields + [("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")],
            text: page(error, status: status, style.language))
    }

    private static let retrySeconds = 3
    private static let waiting = LocalizedText("This page tries again by itself.", zh: "本页面会自动重试。")

    private static func page(_ error: WeirError, status: String, _ language: Language) -> String {
        let remedy = error.remedy.map { "<p>\(escaped($0[language]))</p>" } ?? ""
        // What starts, or is back in a moment, is waited for (APP-07).
        let again = error.category == .unavailable ? "<meta http-equiv=\"refresh\" content=\"\(retrySeconds)\">" : ""
        let waiting = again.isEmpty ? "" : "<p>\(Self.waiting[language])</p>"
        return """
            <!doctype html><html lang="\(language.rawValue)"><meta charset="utf-8">
            <meta name="viewport" content="width=device-width">\(again)<title>Weir · \(status.prefix(3))</title>
            <style>body{font:16px/1.6 system-ui,sans-serif;max-width:36em;margin:18vh auto;padding:0 1.5em;color:#1d2a35}
            h1{font-size:1.3em}small{color:#6b7a86}
            @media(prefers-color-scheme:dark){body{background:#14191e;color:#dfe6ec}}</style>
            <h1>\(escaped(error.message[language]))</h1>\(remedy)\(waiting)<small>\(status.prefix(3)) · \(escaped(error.code))</small></html>
            """
    }

    static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
    }

    func write(into out: inout ByteBuffer, toHead: Bool, closes: Bool) {
        out.writeString("HTTP/1.1 \(status)\r\nContent-Length: \(body.readableBytes)\r\nContent-Type: \(type)\r\n")
        out.writeStaticString("X-Content-Type-Options: nosniff\r\n")
        for (name, value) in fields { out.writeString("\(name): \(value)\r\n") }
        out.writeString(closes ? "Connection: close\r\n\r\n" : "\r\n")
        if !toHead { out.writeImmutableBuffer(body) }
    }
}
