import WeirModel
import WeirPlatform
import WeirStore

/// How money is shown: amounts as decimal texts of points with six places, positive on a bill for what is charged, and in the ledger
/// for what is added to a balance.
extension EntryKind: JSONConvertible {}
extension LedgerCounter: JSONConvertible {}
extension StorageKind: JSONConvertible {}
extension BillFilter.Kind: JSONConvertible {}
extension InvoiceRecord.State: JSONConvertible {}
extension PricedItem.Part: JSONConvertible {}
extension Budget.Action: JSONConvertible {}

extension BillMonth: JSONConvertible { var json: JSON { .text(description) } }
extension BillDay: JSONConvertible { var json: JSON { .text(description) } }
extension SpendingScope: JSONConvertible { var json: JSON { .text(description) } }

extension Dictionary where Key == StorageKind, Value == Bytes {
    var json: JSON { .object(StorageKind.allCases.map { ($0.rawValue, (self[$0] ?? 0).json) }) }
}

extension RunPrice: JSONConvertible {
    var json: JSON {
        [
            "tariff": tariff, "instances": instances,
            "items": items.map { item in
                [
                    "part": item.part, "name": item.name, "quantity": item.quantity, "per_unit": item.part.perUnit,
                    "price": item.price,
                ] as JSON
            },
        ]
    }
}

extension Posting {
    /// Of whom and what it is.
    var namedIdentifiers: [String] { [project?.text, account?.text, actor?.text, run?.workload.text].compactMap(\.self) }
}

extension LedgerEntry: JSONConvertible {
    var json: JSON {
        let run: JSON =
            if let run = posting.run { ["workload": run.workload, "number": run.number] } else { .null }
        return [
            "sequence": sequence, "at": at, "kind": posting.kind, "counter": posting.counter, "amount": posting.amount,
            "key": posting.key, "month": posting.month, "project": posting.project, "account": posting.account, "run": run,
            "minutes": posting.minutes.map { $0.after - $0.before }, "actor": posting.actor, "reference": posting.reference,
            "note": posting.note, "hash": Hex.text(hash),
        ]
    }
}

extension Posted {
    /// The entry, and the balance after it.
    var json: JSON { entry.json.adding(["balance": balance.balance, "is_new": isNew]) }
}

extension BillLine {
    func json(in language: Language) -> JSON {
        let subject: JSON =
            switch record.subject {
            case .run(let run): ["workload": run.workload, "run": run.number]
            case .storage(let meter): ["meter": meter.description]
            }
        return [
            "subject": subject, "kind": record.kind, "name": record.name,
            "project": record.project.map { ["id": $0, "name": record.projectName] as JSON },
            "account": record.account.map { ["id": $0, "login": record.login ?? ""] as JSON }, "from": from, "to": to,
            "minutes": record.run?.minutes, "tariff": record.run?.price.tariff, "amount": record.amount,
            "refunded": record.refunded, "entries": record.charges, "first_entry": record.first,
            "explanation": explanation[language],
        ]
    }
}

extension BudgetRecord {
    func json(_ people: People) -> JSON {
        [
            "scope": scope, "limit": budget.limit, "warnings": budget.warnings, "at_limit": budget.atLimit, "charged": charged,
            "changed_by": people.json(of: changedBy), "changed_at": changedAt,
        ]
    }
}

extension NoticeRecord {
    func json(in language: Language) -> JSON {
        ["sequence": sequence, "at": at, "code": code, "subject": subject, "text": text[language]]
    }
}

extension InvoiceRecord {
    func json(_ people: People) -> JSON {
        [
            "id": id, "workspace": workspace, "title": title, "tax_number": taxNumber, "amount": amount, "note": note,
            "state": state, "requested_by": people.json(of: requestedBy), "requested_at": requestedAt,
            "answered_by": people.json(of: answeredBy), "answered_at": answeredAt, "number": number, "reason": reason,
            "has_file": hasFile,
        ]
    }

    static func people(in invoices: [InvoiceRecord]) -> [Identifier<Account>] {
        invoices.map(\.requestedBy) + invoices.compactMap(\.answeredBy)
    }
}

extension VoucherRecord: JSONConvertible {
    var json: JSON {
        [
            "id": id, "amount": amount, "note": note, "created_by": createdBy, "created_at": createdAt, "expires_at": expiresAt,
            "revoked_at": revokedAt, "used_by": usedBy, "used_at": usedAt,
        ]
    }
}

extension Quotes.Answer {
    func json(in language: Language) -> JSON {
        [
            "price": quote.price, "per_hour": quote.perHour, "per_day": quote.perDay,
            "longest": quote.longest.map { ["minutes": $0.minutes, "amount": $0.amount] as JSON },
            "formula": quote.formula[language], "warning": quote.warning?[language], "balance": balance, "hours": hours,
            "leaves": [
                "after": quote.longest == nil ? "day" : "run", "balance": json(of: left),
                "budgets": budgets.map { budget in json(of: budget.left).adding(["scope": budget.scope.kind]) },
            ] as JSON,
            "refusal": refusal.map {
                ["code": $0.code, "message": $0.message[language], "rule": $0.rule, "remedy": $0.remedy?[language]] as JSON
            },
        ]
    }

    private func json(of money: MoneyLeft) -> JSON {
        [
            "total": money.total, "charged": money.charged, "committed": money.committed, "left": money.left,
            "leaves": leaves(of: money),
        ]
    }
}
