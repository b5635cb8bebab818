import Foundation
import HTTPTypes
import Hummingbird
import Mustache
import NIOCore
import WeirModel

/// From a page's description and its visitor to what the browser gets.
struct PageAnswer: Sendable {
    let files: ConsoleFiles
    let api: OwnAPI
    let settings: HTTPSettings
    let zone: TimeZone

    /// The name in a page's query of what is asked before it is done: `?ask=delete-prj_…`.
    static let ask = "ask"

    /// What a form has led to, where its page is shown again.
    struct Outcome: Sendable {
        var error: WeirError?
        var answer: JSON = .null
        var fields: [String: String] = [:]
        /// What was typed in rows, by the field's name and what the row is of.
        var rows: [String: [String: String]] = [:]
    }

    private struct Context: Sendable {
        var data: [(key: String, value: JSON)] = []
        var account = JSON.null
        var workspaces: [JSON] = []
        var parameters: [String: String] = [:]
        var query: [String: String] = [:]

        /// Who the visitor is, by `GET account`.
        mutating func know(_ own: JSON) {
            account = own["account"] ?? .null
            if case .array(let list)? = own["workspaces"] { workspaces = list }
        }

        subscript(name: String) -> JSON? { data.first { $0.key == name }?.value }
    }

    /// The page at that address, or the way to where its visitor must go first. Throws what stands in its way, for `failure`.
    func respond(to visit: Visit, at address: Address, _ outcome: Outcome = Outcome()) async throws -> Response {
        guard let (page, parameters) = files.pages.page(at: address.path) else { throw WeirError.noPage() }
        var context = Context(parameters: parameters)
        for (name, value) in address.query where !value.isEmpty { context.query[name] = value }
        if page.access != .anyone || visit.session != nil {
            do {
                context.know(try await api.send(.get, "account", for: visit).value)
            } catch let error as WeirError where error.category == .unauthenticated {
                guard page.access == .anyone else { return Self.redirect("/login?next=" + Address.escaped(address.text)) }
            }
        }
        if page.access == .account || page.access == .operator {
            if case .bool(true)? = context.account["must_change_password"] { return Self.redirect("/password") }
            if page.needsWorkspace, context.workspaces.isEmpty { return Self.redirect("/welcome") }
        }
        if page.access == .operator {
            guard case .bool(true)? = context.account["is_operator"] else { throw WeirError.operatorOnly() }
        }
        for part in page.needs {
            context.data += try await answers(to: part, of: page, context, address, visit, isShownAgain: outcome.error != nil)
        }
        let status = outcome.error.map(ErrorAnswer.status) ?? .ok
        return answer(page.template, page, context, visit, address, outcome, status)
    }

    /// A page that says what went wrong, and the way out.
    func failure(_ error: WeirError, for visit: Visit) async -> Response {
        var context = Context()
        if visit.session != nil, let own = try? await api.send(.get, "account", for: visit).value {
            context.know(own)
        }
        // A form's own address is no page to come back to.
        let address = Address(visit.request.method == .get ? visit.address : "/")
        return answer("error", nil, context, visit, address, Outcome(error: error), ErrorAnswer.status(of: error))
    }

    /// Leads the browser elsewhere. A page of its own, since forms may only lead to this site (`form-action`).
    func leading(to place: String, for visit: Visit) -> Response {
        let answer = JSON.object([("url", .text(place))])
        return self.answer("leading", nil, Context(), visit, Address("/"), Outcome(answer: answer), .ok)
    }

    static func redirect(_ place: String) -> Response {
        Response(status: .seeOther, headers: [.location: place])
    }

    // MARK: What the API is asked

    /// Asks for all at once. Where several fail, the first of the file says why. What may fail may not when the page's own address asks
    /// for something that is nowhere, or says it wrongly: then that is told, unless the page is shown again for what its form did.
    private func answers(
        to needs: [ConsolePage.Need], of page: ConsolePage, _ context: Context, _ address: Address, _ visit: Visit, isShownAgain: Bool
    ) async throws -> [(key: String, value: JSON)] {
        let results = await withTaskGroup(of: (Int, Result<JSON, any Error>).self) { group in
            for (place, need) in needs.enumerated() {
                group.addTask {
                    var isOfAddress = false
                    do {
                        let request = try self.request(need.request, page, context, address, visit, &isOfAddress)
                        return (place, .success(paged(try await api.send(.get, request, for: visit).value, address, by: need.cursor)))
                    } catch let error as WeirError where need.mayFail && error.category != .unauthenticated {
                        let isWrong = error.category == .notFound || error.code == "malformed"
                        return (place, isOfAddress && isWrong && !isShownAgain ? .failure(error) : .success(.null))
                    } catch {
                        return (place, .failure(error))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        return try needs.indices.map { (needs[$0].name, try results[$0]?.get() ?? .null) }
    }

    private func workspace(_ page: ConsolePage?, _ context: Context, _ visit: Visit) -> JSON? {
        if let path = page?.workspace, let named = value(path, context), case .text(let id) = named {
            // An operator looks into workspaces that are not their own.
            return context.workspaces.first { $0["id"].isText(id) } ?? [
                "id": id, "name": context["workspace"]?["name"] ?? .null, "role": JSON.null,
            ]
        }
        let chosen = visit.cookie(Visit.workspaceCookie)
        return context.workspaces.first { $0["id"].isText(chosen ?? "") }
            ?? context.workspaces.first { !$0["state"].isText("closed") } ?? context.workspaces.first
    }

    /// The entry of the menu: `jobs`, or `{asset.kind}s` where an answer says it.
    private func navigation(of page: ConsolePage, _ context: Context) -> String {
        (try? Self.filled(page.nav) { value($0, context)?.plain }) ?? ""
    }

    private func value(_ path: String, _ context: Context) -> JSON? {
        let parts = path.split(separator: ".").map(String.init)
        if parts.count == 1, let parameter = context.parameters[parts[0]] { return .text(parameter) }
        if parts.count == 2, parts[0] == "query" { return context.query[parts[1]].map { .text($0) } }
        return parts.dropFirst().reduce(context[parts[0]]) { $0?[$1] }
    }

    /// - Parameter isOfAddress: becomes true where the page's own query says what is asked for.
    private func request(
        _ text: String, _ page: ConsolePage, _ context: Context, _ address: Address, _ visit: Visit, _ isOfAddress: inout Bool
    ) throws -> String {
        let parts = text.split(separator: "?", maxSplits: 1)
        isOfAddress = text.matches(of: /\{query\.([a-z_]+)\}/).contains { context.query[String($0.output.1)] != nil }
        let path = try Self.filled(String(parts[0])) { name in
            if name == "workspace" { return workspace(page, context, visit)?["id"]?.plain }
            return value(name, context)?.plain
        }
        guard parts.count > 1 else { return path }
        let query: [(String, String)] = try parts[1].split(separator: "&").compactMap { part in
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            if pair.count == 2 {
                return (
                    pair[0],
                    try Self.filled(pair[1], escaping: false) { name in
                        name == "workspace" ? workspace(page, context, visit)?["id"]?.plain : value(name, context)?.plain
                    }
                )
            }
            if let (_, name, other) = pair[0].wholeMatch(of: /(after|name):(.+)/)?.output {
                return address.query.last { $0.name == other && !$0.value.isEmpty }.map { (String(name), $0.value) }
            }
            let name = pair[0].hasSuffix(":time") ? String(pair[0].dropLast(":time".count)) : pair[0]
            guard let given = address.query.last(where: { $0.name == name && !$0.value.isEmpty }) else { return nil }
            if name != "after" { isOfAddress = true }
            return (name, name == pair[0] ? given.value : FormFields.time(given.value, in: zone)?.plain ?? given.value)
        }
        return Address(path: path, query: query).text
    }

    /// `{name}` replaced; throws `not_found` for a name that nothing has.
    static func filled(_ text: String, escaping: Bool = true, _ value: (String) -> String?) throws -> String {
        var result = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            let name = String(rest[rest.index(after: open)..<close])
            guard let found = value(name) else { throw WeirError.notFound(name) }
            result += rest[..<open] + (escaping ? Address.escaped(found) : found)
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    /// A list knows where it goes on, and where it began.
    private func paged(_ json: JSON, _ address: Address, by cursor: String) -> JSON {
        guard let next = json["next"] else { return json }
        let isFurther = address.query.contains { $0.name == cursor && !$0.value.isEmpty }
        let first: JSON = isFurther ? .text(address.with(cursor, nil).text) : .null
        guard case .text(let next) = next else { return json.adding(["first_url": first]) }
        return json.adding(["next_url": address.with(cursor, next).text, "first_url": first])
    }

    // MARK: What is shown

    private func answer(
        _ template: String, _ page: ConsolePage?, _ context: Context, _ visit: Visit, _ address: Address, _ outcome: Outcome,
        _ status: HTTPResponse.Status
    ) -> Response {
        let query = Dictionary(address.query.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        var outcome = outcome
        if outcome.fields.isEmpty, let prefill = Prefill({ context[$0] }) {
            outcome.fields = prefill.fields(wantsLarger: query["larger"] != nil)
        }
        let look = Look(
            language: visit.language, zone: zone, texts: files.pages.texts, names: Names.within(context.data.map(\.value)),
            chosen: query.merging(outcome.fields) { $1 }.merging(context.parameters) { own, _ in own },
            listed: Self.listed(in: context.data.map(\.value)), typed: outcome.rows)
        let done = visit.cookie(Visit.doneCookie).map { files.pages.texts.word(for: $0, visit.language) }
        var root = Shown.Group(values: [
            "language": visit.language.rawValue,
            "is_chinese": visit.language == .chinese, "place": files.place, "version": settings.version,
            "zone": zone.identifier, "now": Shown.Text(text: Timestamp(.now).description, look: look),
            "sign_up_is_open": settings.signUpIsOpen, "path": address.text, "page_address": address.text, "here": address.path,
            "unasked": address.with(Self.ask, nil).text, "unasked_query": Self.pairs(address.with(Self.ask, nil).query, look),
            // Whether the lists are narrowed, so that an empty one says that nothing fits, and not that nothing is there yet.
            "is_filtered": address.query.contains { !["", Self.ask, "sort", "workspace"].contains($0.value.isEmpty ? "" : $0.name) },
            "nav": Shown.Group(values: [page.map { navigation(of: $0, context) } ?? "": true]), "query": texts(query, look),
            "input": texts(outcome.fields, look),
            "param": texts(context.parameters, look), "csrf": visit.session.map(ConsoleForms.token) ?? "",
            "form_key": UUID().uuidString, "me": Shown.value(context.account, look),
            "workspaces": Shown.value(.array(context.workspaces), look),
            "workspace": Shown.value(workspace(page, context, visit) ?? .null, look),
            "answer": Shown.value(outcome.answer, look), "done": done ?? Shown.Nothing(), "error": Shown.Nothing(),
        ])
        if let error = outcome.error {
            let shown = ErrorAnswer.json(
                of: named(error, in: visit.language), in: visit.language, requestID: visit.information.requestID)
            root.values["error"] = Shown.value(shown["error"] ?? .null, look)
        }
        for (name, json) in context.data { root.values[name] = Shown.value(json, look) }
        // A workload's page offers more memory where there is more to be had.
        if let workload = context["workload"], case .array(let flavors)? = context["flavors"]?["items"] {
            root.values["larger_flavor"] = Shown.value(Prefill.larger(than: workload, among: flavors)?["name"] ?? .null, look)
        }
        let html = files.pages.render(template, root, in: visit.language)
        var response = Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8", .contentLanguage: visit.language.rawValue],
            body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
        if done != nil { response.headers.append(setting(Visit.doneCookie, "", seconds: 0)) }
        if let page, let place = entered(page, context, visit) {
            response.headers.append(setting(Visit.workspaceCookie, place, seconds: Self.yearOfSeconds))
        }
        return response
    }

    static let yearOfSeconds = 365 * 86_400

    /// Whoever opens something of another of their workspaces is there from then on: the menu leads to where its head says. A page that
    /// looks anew by itself changes nothing for its neighbours.
    private func entered(_ page: ConsolePage, _ context: Context, _ visit: Visit) -> String? {
        guard visit.request.method == .get, visit.request.headers[.weirRefresh] == nil, let path = page.workspace,
            case .text(let id)? = value(path, context), visit.cookie(Visit.workspaceCookie) != id,
            context.workspaces.contains(where: { $0["id"].isText(id) })
        else { return nil }
        return id
    }

    /// A field goes by the name that the page has for it, where it has one (ux 23); one within a list or an object by its own.
    private func named(_ error: WeirError, in language: Language) -> WeirError {
        let own = error.subject.split(separator: ".").last { !$0.allSatisfy(\.isNumber) }.map(String.init) ?? error.subject
        let known = ["field_\(error.subject)", "field_\(own)"].first { files.pages.texts.word(for: $0, language) != $0 }
        guard ["malformed", "missing_field", "too_long"].contains(error.code), let key = known else { return error }
        let words = files.pages.texts
        let message = LocalizedText(
            error.message.en.replacing(error.subject, with: words.word(for: key, .english), maxReplacements: 1),
            zh: error.message.zh.replacing(error.subject, with: words.word(for: key, .chinese), maxReplacements: 1))
        return WeirError(
            error.code, error.category, subject: error.subject, rule: error.rule, message, remedy: error.remedy)
    }

    private static func listed(in answers: [JSON]) -> [String: Set<String>] {
        var listed: [String: Set<String>] = [:]
        for case .object(let fields) in answers {
            for case (let name, .array(let items)) in fields {
                let texts = items.compactMap { if case .text(let text) = $0 { text } else { nil } }
                if !texts.isEmpty { listed[name, default: []].formUnion(texts) }
            }
        }
        return listed
    }

    private static func pairs(_ query: [(name: String, value: String)], _ look: Look) -> [Any] {
        query.map { Shown.value(["name": $0.name, "value": $0.value], look) }
    }

    private func texts(_ values: [String: String], _ look: Look) -> Shown.Group {
        Shown.Group(values: values.mapValues { Shown.Text(text: $0, look: look) })
    }

    func setting(_ cookie: String, _ value: String, seconds: Int) -> HTTPField {
        HTTPField(name: .setCookie, value: Visit.setCookie(cookie, value, seconds: seconds, secure: settings.tls != nil))
    }
}

extension JSON {
    /// The field of an object; of a list, the element with that number.
    subscript(name: String) -> JSON? {
        switch self {
        case .object(let fields): fields.first { $0.key == name }?.value
        case .array(let items): Int(name).flatMap { items.indices.contains($0) ? items[$0] : nil }
        default: nil
        }
    }

    var number: Int64? { if case .integer(let number) = self { number } else { nil } }

    /// As a part of a path.
    var plain: String? {
        switch self {
        case .text(let text): text
        case .integer(let number): String(number)
        default: nil
        }
    }
}

extension JSON? {
    fileprivate func isText(_ text: String) -> Bool {
        if case .text(text)? = self { true } else { false }
    }
}

extension HTTPField.Name {
    /// Sent by a page that shows what has changed on its own.
    static let weirRefresh = HTTPField.Name("X-Weir-Refresh")!
}
