import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// What is kept and what that costs, and the way to a deletion after 60 days in arrears (BIL-13, BIL-20, STO-07).
struct StorageRoutes {
    let storage: StorageUsages
    let deletions: ArrearsDeletions
    let accounts: Accounts

    func add(to routes: Routes) {
        let (storage, accounts) = (storage, accounts)
        addDeletions(to: routes)

        routes.get("workspaces/{workspace}/storage", "getStorage") { call in
            let usage = try await storage.usage(of: call.id("workspace"), for: call.caller)
            let people = try await accounts.people(usage.people.map(\.account) + usage.ownOnly.map(\.account))
            return call.answer(usage.json(people))
        }
    }

    private func addDeletions(to routes: Routes) {
        let (deletions, accounts) = (deletions, accounts)
        @Sendable func answer(_ record: ArrearsDeletionRecord, to call: Call) async throws -> Response {
            call.answer(record.json(try await accounts.people(record.approvedBy.map { [$0] } ?? [])))
        }

        routes.get("workspaces/{workspace}/arrears-deletion", "getArrearsDeletion") { call in
            let record = try await deletions.record(of: call.id("workspace"), for: call.caller)
            let people = try await accounts.people((record?.approvedBy).map { [$0] } ?? [])
            return call.answer(["pending": record.map { $0.json(people) }])
        }

        routes.get("workspaces/{workspace}/arrears-deletion/deleted", "listArrearsDeleted") { call in
            let page = try await deletions.deleted(of: call.id("workspace"), call.page(), for: call.caller)
            let people = try await accounts.people(page.items.map(\.approvedBy))
            return call.answer(page) { record in
                [
                    "at": record.at, "item": record.item, "name": record.name, "size": record.bytes,
                    "approved_by": people.json(of: record.approvedBy),
                ]
            }
        }

        routes.get("arrears-deletions", "listArrearsDeletions") { call in
            let page = try await deletions.records(call.page(), by: call.caller)
            let people = try await accounts.people(page.items.compactMap(\.approvedBy))
            let names = try await accounts.names(of: Set(page.items.map(\.workspace.text)))
            return call.answer(page, names: names) { $0.json(people) }
        }

        routes.post("workspaces/{workspace}/arrears-deletion/approve", "approveArrearsDeletion") { call in
            try call.caller.requireOperator()
            return try await answer(deletions.approve(call.id("workspace"), by: call.caller), to: call)
        }

        routes.post("workspaces/{workspace}/arrears-deletion/withdraw", "withdrawArrearsDeletion") { call in
            try call.caller.requireOperator()
            return try await answer(deletions.withdraw(call.id("workspace"), by: call.caller), to: call)
        }
    }
}

extension StorageUsage {
    fileprivate func json(_ people: People) -> JSON {
        [
            "by_kind": byKind.json, "held": held, "free": free, "per_gb_day": perGBDay, "per_day": perDay, "today": today,
            "largest": largest.map { item in
                [
                    "kind": item.kind, "name": item.name, "size": item.bytes, "files": item.files, "measured_at": item.measuredAt,
                    "unit": item.unit.part, "id": item.unit.owner,
                ] as JSON
            },
            "people": self.people.map { person in
                [
                    "account": people.json(of: person.account), "held": person.held, "free": person.free,
                    "per_day": person.perDay,
                ] as JSON
            },
            "own_only": ownOnly.map { ["account": people.json(of: $0.account), "held": $0.held] as JSON },
        ]
    }
}

extension ArrearsDeletionRecord {
    fileprivate func json(_ people: People) -> JSON {
        [
            "workspace": workspace, "since": since, "earliest": rule.earliest,
            "announced": announced.sorted { $0.key > $1.key }.map { ["days": $0.key, "at": $0.value] as JSON },
            "approved_by": people.json(of: approvedBy), "approved_at": approvedAt,
        ]
    }
}
