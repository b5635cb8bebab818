import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// Operation records (ADM-04).
struct RecordRoutes {
    let audit: Audit
    let accounts: Accounts

    func add(to routes: Routes) {
        let (audit, accounts) = (audit, accounts)

        routes.get("workspaces/{workspace}/records", "listRecords") { call in
            let page = try await audit.operations(
                in: call.id("workspace"), of: call.query("kind", as: OperationRecord.Kind.self), by: call.queryID("account"), call.page(),
                for: call.caller)
            let people = try await accounts.people(page.items.compactMap(\.actor))
            return call.answer(page) { $0.json(people, in: call.language) }
        }
    }
}

extension OperationRecord {
    fileprivate func json(_ people: People, in language: Language) -> JSON {
        var fields: JSON = ["at": at, "by": people.json(of: actor)]
        switch self {
        case .workload(let transition, let kind, let name):
            fields = fields.adding([
                "kind": "workload", "action": transition.cause, "text": LocalizedText.cause(transition.cause)[language],
                "workload": ["id": transition.workload, "kind": kind, "name": name] as JSON, "subject": JSON.null, "amount": JSON.null,
                "note": JSON.null,
            ])
        case .quota(let change):
            fields = fields.adding([
                "kind": "quota", "action": change.after == nil ? "quota_removed" : "quota_set",
                "text": change.after == nil
                    ? LocalizedText("quota removed", zh: "移除配额")[language] : LocalizedText("quota set", zh: "设置配额")[language],
                "workload": JSON.null, "subject": change.subject, "amount": JSON.null, "note": JSON.null,
            ])
        case .money(let entry):
            fields = fields.adding([
                "kind": "money", "action": entry.posting.kind, "text": entry.posting.kind.text[language], "workload": JSON.null,
                "subject": JSON.null, "amount": entry.posting.amount, "note": entry.posting.note,
            ])
        }
        return fields
    }
}

extension EntryKind {
    fileprivate var text: LocalizedText {
        switch self {
        case .recharge: LocalizedText("recharge", zh: "充值")
        case .charge: LocalizedText("charge", zh: "扣费")
        case .refund: LocalizedText("refund", zh: "退款")
        case .grant: LocalizedText("grant", zh: "赠送")
        case .correction: LocalizedText("correction", zh: "更正")
        }
    }
}
