import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// Environments that nobody uses (X18).
struct IdleRoutes {
    let idle: IdlePolicies
    let accounts: Accounts

    func add(to routes: Routes) {
        let (idle, accounts) = (idle, accounts)
        @Sendable func answer(_ policy: IdlePolicy, to call: Call) async throws -> Response {
            let spared = policy.exemptWorkloads.map(\.text) + policy.exemptAccounts.map(\.text)
            return call.answer(policy.json.adding(["names": try await accounts.names(of: Set(spared))]))
        }

        routes.get("workspaces/{workspace}/idle-policy", "getIdlePolicy") { call in
            try await answer(idle.policy(of: call.id("workspace"), for: call.caller), to: call)
        }

        routes.put("workspaces/{workspace}/idle-policy", "setIdlePolicy") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(PolicyInput.self)
            return try await answer(idle.set(input.policy, of: workspace, by: call.caller), to: call)
        }

        routes.get("workspaces/{workspace}/idle-stops", "listIdleStops") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            let page = try await idle.stops(in: workspace, call.page(), for: call.caller)
            let saved = try await idle.saved(in: workspace, for: call.caller)
            return call.answer(["saved": saved, "items": page.items.map { $0.json }, "next": page.next])
        }
    }

    struct PolicyInput: Input {
        let after: Int?
        let cpu: Int?
        let gpuPercent: Int?
        let warning: Int?
        let exemptWorkloads: [Identifier<Workload>]?
        let exemptAccounts: [Identifier<Account>]?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case after, cpu, warning
            case gpuPercent = "gpu_percent"
            case exemptWorkloads = "exempt_workloads"
            case exemptAccounts = "exempt_accounts"
        }

        var policy: IdlePolicy {
            IdlePolicy(
                after: after, cpu: cpu ?? 50, gpuPercent: gpuPercent ?? 2, warning: warning ?? 300,
                exemptWorkloads: Set(exemptWorkloads ?? []), exemptAccounts: Set(exemptAccounts ?? []))
        }
    }
}

extension IdlePolicy {
    fileprivate var json: JSON {
        [
            "after": after, "cpu": cpu, "gpu_percent": gpuPercent, "warning": warning,
            "exempt_workloads": exemptWorkloads.sorted(), "exempt_accounts": exemptAccounts.sorted(),
        ]
    }
}

extension IdlePolicies.Stop {
    fileprivate var json: JSON {
        [
            "workload": record.workload, "name": record.name, "run": record.run, "at": record.at, "idle_since": record.idleSince,
            "seconds": saving?.seconds ?? 0, "saved": saving?.points,
        ]
    }
}
