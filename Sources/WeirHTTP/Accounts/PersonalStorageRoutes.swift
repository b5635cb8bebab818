import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// Who pays for one's home and netdisk, and what nobody pays for any more.
struct PersonalStorageRoutes {
    let storage: PersonalStorage
    let accounts: Accounts

    func add(to routes: Routes) {
        let (storage, accounts) = (storage, accounts)

        routes.get("account/storage", "getOwnStorage") { call in
            call.answer(try await storage.standing(of: call.caller).json)
        }

        routes.put("account/storage", "chooseStoragePayer") { call in
            let input = try await call.input(Choice.self)
            return call.answer(try await storage.choose(input.workspace, by: call.caller).json)
        }

        routes.get("operator/unpaid-storage", "listUnpaidStorage") { call in
            try call.caller.requireOperator()
            let page = try await storage.unpaid(call.page(), by: call.caller)
            let people = try await accounts.people(page.items.map(\.account))
            let names = try await accounts.names(of: Set(page.items.map(\.workspace.text)))
            return call.answer(page, names: names) { unpaid in
                [
                    "account": people.json(of: unpaid.account), "workspace": unpaid.workspace, "since": unpaid.since,
                    "deletable_at": unpaid.deletableAt, "held": unpaid.bytes,
                ]
            }
        }

        routes.delete("operator/unpaid-storage/{account}", "deleteUnpaidStorage") { call in
            try call.caller.requireOperator()
            try await storage.deleteUnpaid(of: call.id("account"), by: call.caller)
            return call.done()
        }
    }

    struct Choice: Input {
        let workspace: Identifier<Workspace>

        enum CodingKeys: String, CodingKey, CaseIterable { case workspace }
    }
}

extension PersonalStorage.Standing {
    fileprivate var json: JSON {
        func named(_ id: Identifier<Workspace>?) -> JSON { id.map { ["id": $0, "name": names[$0] ?? ""] } ?? .null }
        return ["held": payer.held, "payer": named(payer.payer), "chosen": named(payer.chosen), "from": from]
    }
}
