import HTTPTypes
import Hummingbird
import NIOCore
import WeirModel
import WeirPlatform
import WeirStore

/// What was charged, and why (BIL-22, BIL-27).
struct BillRoutes {
    let bills: Bills
    let whyCharged: WhyCharged
    let ledger: Ledger
    let accounts: Accounts

    func add(to routes: Routes) {
        let (bills, whyCharged) = (bills, whyCharged)
        addEntries(to: routes)

        routes.get("workspaces/{workspace}/bills", "listBills") { call in
            let months = try await bills.months(of: call.id("workspace"), for: call.caller)
            return call.answer(all: months) { ["month": $0.month, "total": $0.total] }
        }

        routes.get("workspaces/{workspace}/bills/{month}", "getBill") { call in
            let bill = try await bills.bill(
                of: call.id("workspace"), in: call.month(), call.billFilter(), call.page(), for: call.caller)
            return call.answer([
                "month": bill.month, "time_zone": bill.zone, "month_total": bill.monthTotal, "total": bill.total,
                "items": bill.lines.items.map { $0.json(in: call.language) }, "next": bill.lines.next,
            ])
        }

        routes.get("workspaces/{workspace}/bills/{month}/export", "exportBill") { call in
            let format = try call.query("format", as: BillExport.Format.self) ?? .json
            let export = try await bills.export(of: call.id("workspace"), in: call.month(), for: call.caller)
            let type = format == .json ? "application/json; charset=utf-8" : "text/csv; charset=utf-8"
            return Response(
                status: .ok,
                headers: [.contentType: type, .contentDisposition: Call.attachment(export.fileName(format))],
                body: ResponseBody { writer in
                    try await export.write(format) { try await writer.write(ByteBuffer(bytes: $0)) }
                    try await writer.finish(nil)
                })
        }

        routes.get("workspaces/{workspace}/why-charged", "getWhyCharged") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            let answer: WhyCharged.Answer
            if let entry = try call.query("entry", in: 1...Int64.max) {
                answer = try await whyCharged.entry(entry, of: workspace, for: call.caller)
            } else {
                let month = try call.query("month").map { try Call.month($0) } ?? bills.currentMonth()
                answer = try await whyCharged.month(month, of: workspace, call.billFilter(), for: call.caller)
            }
            return call.answer([
                "month": answer.month, "total": answer.total, "rest": answer.rest,
                "items": answer.items.map { $0.json(in: call.language) },
                "running": answer.running.map { $0.json(in: call.language) },
            ])
        }
    }

    private func addEntries(to routes: Routes) {
        let (bills, ledger, accounts) = (bills, ledger, accounts)

        routes.get("workspaces/{workspace}/entries", "listEntries") { call in
            let filter = EntryFilter(
                kind: try call.query("kind", as: EntryKind.self), month: try call.query("month").map { try Call.month($0) },
                project: try call.queryID("project"), account: try call.queryID("account"),
                workload: try call.queryID("workload"), from: try call.moment("from"), to: try call.moment("to"))
            let page = try await ledger.entries(of: call.id("workspace"), filter, call.page(), for: call.caller)
            let names = try await accounts.names(of: Set(page.items.flatMap(\.posting.namedIdentifiers)))
            return call.answer(page, names: names) { $0.json }
        }

        routes.get("workspaces/{workspace}/entries/{entry}", "getEntry") { call in
            let (entry, record) = try await ledger.entry(
                Int64(call.number("entry")), of: call.id("workspace"), for: call.caller)
            let shown = entry.json.adding(["names": try await accounts.names(of: Set(entry.posting.namedIdentifiers))])
            guard let record else { return call.answer(shown.adding(["charge": JSON.null])) }
            let (charge, text) = try bills.explained(record)
            return call.answer(
                shown.adding([
                    "charge": [
                        "name": record.name, "from": charge.from, "to": charge.to, "explanation": text[call.language],
                        "price": charge.price?.json ?? .null,
                    ] as JSON
                ]))
        }
    }
}

extension Charge {
    fileprivate var price: RunPrice? { if case .run(let run) = basis { run.price } else { nil } }
}

extension WhyCharged.Running {
    fileprivate func json(in language: Language) -> JSON {
        [
            "workload": workload, "name": name, "kind": kind, "since": since, "per_hour": perHour, "to_charge": toCharge,
            "causes": causes.map { ["code": $0.code, "text": $0.text[language]] as JSON },
        ]
    }
}

extension WhyCharged.Item {
    fileprivate func json(in language: Language) -> JSON {
        line.json(in: language).adding([
            "causes": causes.map { ["code": $0.code, "text": $0.text[language]] as JSON }
        ])
    }
}

extension Call {
    static func month(_ text: String) throws -> BillMonth {
        guard let month = BillMonth(text) else { throw WeirError.malformed("month", "YYYY-MM", rule: "BIL-07") }
        return month
    }

    func month() throws -> BillMonth { try Self.month(text("month")) }

    /// What a bill is narrowed to.
    func billFilter() throws -> BillFilter {
        BillFilter(
            kind: try query("kind", as: BillFilter.Kind.self), project: try queryID("project"), account: try queryID("account"),
            workload: try queryID("workload"))
    }

    func moment(_ name: String) throws -> Timestamp? {
        guard let text = query(name) else { return nil }
        guard let moment = Timestamp(text), BillingCalendar.range.contains(moment) else {
            throw WeirError.malformed(name, "RFC 3339")
        }
        return moment
    }
}
