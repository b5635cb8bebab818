import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// The routes to the cost of a month, day by day (ux 18).
struct SpendingRoutes {
    let spendings: Spendings
    let accounts: Accounts

    func add(to routes: Routes) {
        let (spendings, accounts) = (spendings, accounts)

        routes.get("workspaces/{workspace}/spending", "getSpending") { call in
            let month = try call.query("month").map { try Call.month($0) }
            let part = try call.query("by", as: Spendings.Part.self) ?? .workspace
            let curve = try await spendings.curve(of: call.id("workspace"), in: month, by: part, for: call.caller)
            let names = try await accounts.names(of: Set(curve.series.compactMap { $0.subject?.description }))
            return call.answer([
                "month": curve.month, "by": part.rawValue, "days": curve.days.map { JSON.text($0.description) },
                "total": try Points.sum(curve.series.map(\.total)), "running": curve.running,
                "series": curve.series.map { series -> JSON in
                    ["subject": series.subject?.description, "total": series.total, "amounts": series.amounts]
                }, "names": JSON.object(names.sorted { $0.key < $1.key }.map { ($0.key, JSON.text($0.value)) }),
            ])
        }
    }
}
