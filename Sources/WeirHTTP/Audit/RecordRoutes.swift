import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// Operation records (ADM-04).
struct RecordRoutes {
    let audit: Audit
    let accounts: Accounts

    func add(to routes: Routes) {
        routes.get("workspaces/{workspace}/records", "listRecords") { call in
            try await answer(
                audit.operations(
                    in: call.id("workspace"), of: call.query("kind", as: OperationRecord.Kind.self), by: call.query("login"), call.page(),
                    for: call.caller), to: call)
        }

        routes.get("operator/records", "listAllRecords") { call in
            try await answer(
                audit.all(
                    of: call.query("kind", as: OperationRecord.Kind.self), by: call.query("login"), call.page(), for: call.caller), to: call
            )
        }
    }

    private func answer(_ page: Page<OperationRecord>, to call: Call) async throws -> Response {
        let people = try await accounts.people(page.items.compactMap(\.actor) + page.items.compactMap(\.personConcerned))
        let workspaces = try await accounts.names(of: Set(page.items.compactMap(\.workspace?.text)))
        return call.answer(page) { $0.json(people, workspaces, in: call.language) }
    }
}

extension OperationRecord {
    /// Whose quota it is about.
    fileprivate var personConcerned: Identifier<Account>? {
        guard case .rule(let change) = self, case .account(let id) = QuotaScope(change.subject) else { return nil }
        return id
    }

    fileprivate func json(_ people: People, _ workspaces: [String: String], in language: Language) -> JSON {
        let (action, text) = words
        let workspace: JSON = workspace.map { ["id": $0, "name": workspaces[$0.text] ?? ""] } ?? .null
        var (before, after, amount, note): (String?, String?, Points?, String?)
        switch self {
        case .workload(let transition, _, _): note = transition.reason
        case .rule: break
        case .money(let entry): (amount, note) = (entry.posting.amount, entry.posting.note)
        case .event(let event): (before, after) = (event.before, event.after)
        }
        return [
            "at": at, "by": people.json(of: actor), "workspace": workspace, "kind": kind.rawValue, "action": action, "text": text[language],
            "subject": subject(people), "before": before, "after": after, "amount": amount, "note": note,
        ]
    }

    /// What it was done to.
    private func subject(_ people: People) -> JSON {
        func json(_ kind: String, _ id: String?, _ name: String?) -> JSON { ["kind": kind, "id": id, "name": name] }
        switch self {
        case .workload(let transition, let kind, let name): return json(kind.rawValue, transition.workload.text, name)
        case .rule(let change):
            if let flavor = change.flavor { return json("flavor", flavor, flavor) }
            guard case .account(let id) = QuotaScope(change.subject) else { return json(change.subject, nil, nil) }
            return json("account", id.text, people.logins[id])
        case .money: return .null
        case .event(let event): return json(event.subjectKind, event.subject, event.name)
        }
    }

    private var words: (action: String, text: LocalizedText) {
        switch self {
        case .workload(let transition, _, _): (transition.cause, .cause(transition.cause))
        case .rule(let change): change.words
        case .money(let entry): (entry.posting.kind.rawValue, entry.posting.kind.text)
        case .event(let event): (event.action.rawValue, event.action.text)
        }
    }
}
