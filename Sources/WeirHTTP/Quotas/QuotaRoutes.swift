import Foundation
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// What may be held and what is (QUO-03, QUO-06, QUO-07).
struct QuotaRoutes {
    let quotas: Quotas
    let accounts: Accounts

    func add(to routes: Routes) {
        let (quotas, accounts) = (quotas, accounts)

        @Sendable func answer(_ scope: QuotaScope, in workspace: Identifier<Workspace>, to call: Call) async throws -> Response {
            let standing = try await quotas.standing(of: scope, in: workspace, for: call.caller)
            return call.answer(standing.json(try await accounts.people([standing.own?.changedBy].compactMap(\.self))))
        }

        routes.get("quotas", "listQuotas") { call in
            let page = try await quotas.all(named: call.nameFilter(), call.pageOfNamed(), by: call.caller)
            let people = try await accounts.people(page.items.compactMap(\.1.own?.changedBy))
            return call.answer(page) { workspace, standing in
                (["workspace": workspace.id, "name": workspace.name] as JSON).adding(standing.json(people))
            }
        }

        routes.get("workspaces/{workspace}/quotas", "getQuotas") { call in
            let filter = MemberFilter(
                name: try call.nameFilter(), role: try call.query("role", as: Role.self),
                hasOwnQuota: try call.queryFlag("own"))
            let standing = try await quotas.standing(of: call.id("workspace"), filter, page: call.page(), for: call.caller)
            return call.answer(standing.json(try await accounts.people(standing.setters)))
        }

        routes.get("workspaces/{workspace}/quotas/{scope}", "getQuota") { call in
            try await answer(call.quotaScope(), in: call.id("workspace"), to: call)
        }

        routes.put("workspaces/{workspace}/quotas/{scope}", "setQuota") { call in
            let (workspace, scope) = (try call.id("workspace", of: Workspace.self), try call.quotaScope())
            let input = try await call.input(AllowanceInput.self)
            try await quotas.set(input.allowance, of: scope, in: workspace, by: call.caller)
            return try await answer(scope, in: workspace, to: call)
        }

        routes.delete("workspaces/{workspace}/quotas/{scope}", "removeQuota") { call in
            try await quotas.set(nil, of: call.quotaScope(), in: call.id("workspace"), by: call.caller)
            return call.done()
        }

        routes.get("workspaces/{workspace}/quota-changes", "listQuotaChanges") { call in
            let changes = try await quotas.changes(in: call.id("workspace"), call.page(), for: call.caller)
            let people = try await accounts.people(changes.items.compactMap(\.actor))
            let names = try await accounts.names(of: Set(changes.items.map(\.subject)))
            return call.answer(changes, names: names) { $0.json(people) }
        }
    }

    struct QuotaInput: Input {
        let cpu: Int?
        let memory: Int64?
        let gpu: Int?
        let gpuMemory: Int64?
        let instances: Int?
        let storage: Int64?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case cpu, memory, gpu, instances, storage
            case gpuMemory = "gpu_memory"
        }

        var quota: Quota {
            Quota(
                cpu: cpu, memory: memory.map { Bytes($0) }, gpu: gpu, gpuMemory: gpuMemory.map { Bytes($0) }, instances: instances,
                storage: storage.map { Bytes($0) })
        }
    }

    struct AllowanceInput: Input {
        let quota: Strict<QuotaInput>?
        let weight: Int?
        let highestPriority: PriorityClass?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case quota, weight
            case highestPriority = "highest_priority"
        }

        var allowance: Allowance {
            Allowance(quota: quota?.value.quota ?? .unlimited, weight: weight ?? Allowance.plainWeight, highest: highestPriority)
        }
    }
}

extension Call {
    /// `workspace`, `everyone`, or the identifier of an account.
    fileprivate func quotaScope() throws -> QuotaScope {
        guard let scope = QuotaScope(try text("scope")) else { throw WeirError.notFound("scope") }
        return scope
    }
}

extension PriorityClass: JSONConvertible {}

extension Quota: JSONConvertible {
    var json: JSON {
        .object(QuotaDimension.allCases.map { ($0.rawValue, self[$0].json) })
    }
}

extension Holdings: JSONConvertible {
    var json: JSON { ["cpu": cpu, "memory": memory, "gpu": gpu, "gpu_memory": gpuMemory, "instances": instances] }
}

extension Allowance {
    fileprivate var json: JSON { ["quota": quota, "weight": weight, "highest_priority": highest] }
}

extension Quotas.Standing {
    fileprivate func json(_ people: People) -> JSON {
        allowance.json.adding([
            "is_own": own != nil, "changed_by": people.json(of: own?.changedBy), "changed_at": own?.changedAt,
            "held": held.json.adding(["storage": storage]), "waiting": waiting,
        ])
    }
}

extension Quotas.WorkspaceStanding {
    fileprivate var setters: [Identifier<Account>] {
        ([standing.own, everyone] + people.items.map(\.standing.own)).compactMap { $0?.changedBy }
    }

    fileprivate func json(_ setters: People) -> JSON {
        [
            "workspace": (["id": workspace.id, "name": workspace.name] as JSON).adding(standing.json(setters)),
            "everyone": everyone.map { record in
                record.allowance.json.adding([
                    "changed_by": setters.json(of: record.changedBy), "changed_at": record.changedAt,
                ])
            },
            "items": people.items.map { person in
                (["account": ["id": person.account, "login": person.login] as JSON, "role": person.role] as JSON)
                    .adding(person.standing.json(setters))
            }, "next": people.next,
        ]
    }
}

extension Quotas.ScopeStanding {
    fileprivate func json(_ setters: People) -> JSON {
        let account: JSON =
            if case .account(let id) = scope, let login { ["id": id, "login": login] } else { .null }
        return allowance.json.adding([
            "scope": scope.description, "account": account, "role": role, "is_own": own != nil,
            "changed_by": setters.json(of: own?.changedBy), "changed_at": own?.changedAt,
            "held": standing.map { $0.held.json.adding(["storage": $0.storage]) }, "waiting": standing?.waiting,
        ])
    }
}

extension RuleChange {
    /// What was before and after stands as it is kept: sizes in bytes, processors and GPUs in thousandths.
    func json(_ people: People) -> JSON {
        [
            "at": at, "by": people.json(of: actor), "subject": subject, "before": before, "after": after,
        ]
    }
}
