import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import WeirModel

/// What a page's form does: one request to the API, and then the way to the page that shows what came of it.
///
/// A form is posted to `/form/` and the API's path, whose `{name}`s are filled from its fields. The console's own fields, which may stand in
/// the address, too:
///
/// | field | what it says |
/// | --- | --- |
/// | `_csrf` | the token of the session that the page was made for |
/// | `_from` | the address of the form's page, where it is shown again with its error |
/// | `_method` | `put`, `patch`, `delete`; `post` where nothing is said |
/// | `_next` | the address to go to; `{id}` is filled from the answer; else `_from` |
/// | `_done` | the code of the word that tells on the next page what was done |
/// | `_key` | makes a form that is sent twice create one thing |
/// | `_open` | the field of the answer with an address elsewhere, such as a tool's, to which the browser is led |
/// | `_of` | what the row is of in which the field before it stands, for a form that is shown again |
/// | `_show` | shows the answer on the form's own page, as `answer`, and goes nowhere |
struct ConsoleForms: Sendable {
    /// A text of the editor, as a form writes it.
    private static let limit = 2 << 20
    private static let methods: [String: HTTPRequest.Method] = ["post": .post, "put": .put, "patch": .patch, "delete": .delete]

    let answers: PageAnswer

    /// The token of a session: it can be made from the session's secret alone, and says nothing of it.
    static func token(for session: String) -> String {
        SHA256.hash(data: Data("weir form \(session)".utf8)).prefix(16).map { String(256 + Int($0), radix: 16).dropFirst() }.joined()
    }

    func respond(to visit: Visit) async throws -> Response {
        let address = Address(visit.address)
        let isPassedOn = visit.request.headers[.contentType]?.lowercased().hasPrefix("multipart/form-data") == true
        // Files go on as they come, so what the console itself must know stands in the address; so it does where one form has many buttons.
        let inAddress = FormFields(visit.request.uri.query ?? "")
        let fields = isPassedOn ? inAddress : try await read(visit.request).behind(inAddress.ofConsole)
        try requireOwnForm(visit, fields)
        let from = Address(Visit.ownPlace(fields.value("_from")) ?? "/")
        do {
            return try await send(fields, isPassedOn, address, from, visit)
        } catch let error as WeirError {
            return try await answers.respond(
                to: visit, at: from, PageAnswer.Outcome(error: error, fields: fields.values, rows: fields.rows))
        }
    }

    private func send(
        _ fields: FormFields, _ isPassedOn: Bool, _ address: Address, _ from: Address, _ visit: Visit
    ) async throws -> Response {
        var used: Set<String> = []
        let path = try PageAnswer.filled(String(address.path.dropFirst("/form/".count)).removingPercentEncoding ?? "") { name in
            used.insert(name)
            return fields.value(name)
        }
        let method = Self.methods[fields.value("_method") ?? "post"] ?? .post
        let body = fields.body(leavingOut: used, zone: answers.zone)
        let query = address.query.filter { !$0.name.hasPrefix("_") }
        let target = Address(path: path, query: query).text
        let answer = try await answers.api.send(
            method, target, isPassedOn ? .passedOn : method == .delete && body.isEmpty ? .none : .json(body), key: fields.value("_key"),
            for: visit)
        if fields.value("_show") != nil {
            return try await answers.respond(
                to: visit, at: from, PageAnswer.Outcome(answer: answer.value, fields: fields.values, rows: fields.rows))
        }
        if let field = fields.value("_open"), let place = answer.value[field]?.plain {
            return answers.leading(to: place, for: visit)
        }
        let next = try PageAnswer.filled(fields.value("_next") ?? from.with(PageAnswer.ask, nil).text) { name in
            name.split(separator: ".").reduce(answer.value as JSON?) { $0?[String($1)] }?.plain
        }
        var response = PageAnswer.redirect(Visit.ownPlace(next) ?? "/")
        for cookie in answer.headers[values: .setCookie] { response.headers.append(HTTPField(name: .setCookie, value: cookie)) }
        if let done = fields.value("_done"), done.allSatisfy({ $0.isASCII && ($0.isLetter || $0 == "_") }) {
            response.headers.append(answers.setting(Visit.doneCookie, done, seconds: 30))
        }
        return response
    }

    private func read(_ request: Request) async throws -> FormFields {
        let type = request.headers[.contentType]?.split(separator: ";").first?.lowercased()
        guard type == "application/x-www-form-urlencoded" else {
            throw WeirError.unsupportedMediaType("application/x-www-form-urlencoded")
        }
        var text = Data()
        for try await part in request.body {
            guard text.count + part.readableBytes <= Self.limit else { throw WeirError.bodyTooLarge(limit: Self.limit) }
            text.append(contentsOf: part.readableBytesView)
        }
        return FormFields(String(decoding: text, as: UTF8.self))
    }

    /// The browser sends the cookie whoever made the form: it must come from a page of this site, made for this very session.
    private func requireOwnForm(_ visit: Visit, _ fields: FormFields) throws(WeirError) {
        guard let session = visit.session else {
            return try Authentication.requireSameSite(visit.request)
        }
        if visit.request.headers[.origin] != nil { try Authentication.requireSameSite(visit.request) }
        guard fields.value("_csrf") == Self.token(for: session) else { throw .staleForm() }
    }
}

extension JSON {
    fileprivate var isEmpty: Bool { if case .object(let fields) = self { fields.isEmpty } else { false } }
}

extension WeirError {
    static func staleForm() -> WeirError {
        WeirError(
            "stale_form", .forbidden, subject: "_csrf",
            LocalizedText(
                "This page was made for another session: you have logged out or in since, perhaps in another window.",
                zh: "此页面属于另一个会话：您可能已在其他窗口退出或重新登录。"),
            remedy: LocalizedText("Nothing was changed. Open the page again and repeat it.", zh: "未做任何更改。请重新打开页面后再试。"))
    }
}
