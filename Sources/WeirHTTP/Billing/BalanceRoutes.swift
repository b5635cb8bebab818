import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// How a workspace stands, and when it wants to be told (BIL-01, BIL-18).
struct BalanceRoutes {
    let platform: Platform

    func add(to routes: Routes) {
        let (outlooks, notices, budgets, accounts) = (platform.outlooks, platform.notices, platform.budgets, platform.accounts)
        let (ledger, vouchers) = (platform.ledger, platform.vouchers)

        routes.get("workspaces/{workspace}/balance", "getBalance") { call in
            let standing = try await outlooks.outlook(of: call.id("workspace"), for: call.caller)
            return call.answer(standing.json)
        }

        routes.get("workspaces/{workspace}/balance/warnings", "getBalanceWarnings") { call in
            call.answer(try await notices.warnings(of: call.id("workspace"), for: call.caller).json)
        }

        routes.put("workspaces/{workspace}/balance/warnings", "setBalanceWarnings") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(WarningsInput.self)
            try await notices.setWarnings(input.warnings, of: workspace, by: call.caller)
            return call.answer(try await notices.warnings(of: workspace, for: call.caller).json)
        }

        routes.get("workspaces/{workspace}/notices", "listNotices") { call in
            let page = try await notices.list(in: call.id("workspace"), call.page(), for: call.caller)
            return call.answer(page) { $0.json(in: call.language) }
        }

        routes.get("workspaces/{workspace}/budgets", "listBudgets") { call in
            let page = try await budgets.list(in: call.id("workspace"), named: call.nameFilter(), call.page(), for: call.caller)
            let people = try await accounts.people(page.items.map(\.changedBy))
            let names = try await accounts.names(of: Set(page.items.map(\.scope.description)))
            return call.answer(page, names: names) { $0.json(people) }
        }

        routes.get("workspaces/{workspace}/budgets/{scope}", "getBudget") { call in
            let record = try await budgets.budget(of: call.scope(), in: call.id("workspace"), for: call.caller)
            let names = try await accounts.names(of: [record.scope.description])
            return call.answer(record.json(try await accounts.people([record.changedBy])).adding(["names": names]))
        }

        routes.put("workspaces/{workspace}/budgets/{scope}", "setBudget") { call in
            let (workspace, scope) = (try call.id("workspace", of: Workspace.self), try call.scope())
            let input = try await call.input(BudgetInput.self)
            let record = try await budgets.set(input.budget, for: scope, in: workspace, by: call.caller)
            return call.answer(record.json(try await accounts.people([record.changedBy])))
        }

        routes.delete("workspaces/{workspace}/budgets/{scope}", "removeBudget") { call in
            try await budgets.remove(call.scope(), in: call.id("workspace"), by: call.caller)
            return call.done()
        }

        routes.post("workspaces/{workspace}/vouchers/redeem", "redeemVoucher") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(CodeInput.self)
            let posted = try await ledger.pay(input.code, through: vouchers, for: workspace, by: call.caller)
            return call.answer(posted.json)
        }
    }

    struct CodeInput: Input {
        let code: String

        enum CodingKeys: String, CodingKey, CaseIterable { case code }
    }

    struct WarningsInput: Input {
        let amounts: [Points]?
        let hours: [Int64]?

        enum CodingKeys: String, CodingKey, CaseIterable { case amounts, hours }

        var warnings: BalanceWarnings {
            get throws(WeirError) { try BalanceWarnings(amounts: amounts ?? [], hours: hours ?? []) }
        }
    }

    struct BudgetInput: Input {
        let limit: Points
        let warnings: [Int]?
        let atLimit: Budget.Action?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case limit, warnings
            case atLimit = "at_limit"
        }

        var budget: Budget {
            get throws(WeirError) { try Budget(limit: limit, warnings: warnings ?? [80], atLimit: atLimit ?? .refuse) }
        }
    }
}

extension Call {
    /// `workspace`, or the identifier of a project or an account.
    func scope() throws -> SpendingScope {
        guard let scope = SpendingScope(try text("scope")) else { throw WeirError.notFound("scope") }
        return scope
    }
}

extension BalanceWarnings {
    fileprivate var json: JSON { ["amounts": amounts, "hours": hours] }
}

extension Outlooks.WorkspaceOutlook {
    fileprivate var json: JSON {
        let whole = months[.workspace]
        let scopes = months.filter { $0.key != .workspace }.sorted {
            ($1.value.forecast, $0.key.description) < ($0.value.forecast, $1.key.description)
        }
        return [
            "balance": outlook.balance, "per_hour": outlook.perHour, "hours_left": outlook.hoursLeft,
            "is_used_up": usedUpSince != nil, "used_up_since": usedUpSince, "stops_at": stopsAt, "month": month,
            "charged": whole?.charged ?? 0, "forecast": whole?.forecast ?? 0,
            "scopes": scopes.prefix(200).map { scope, month in
                ["scope": scope, "charged": month.charged, "forecast": month.forecast] as JSON
            },
        ]
    }
}
