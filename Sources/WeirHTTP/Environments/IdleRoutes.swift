import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// Environments that nobody uses (X18).
struct IdleRoutes {
    let idle: IdlePolicies

    func add(to routes: Routes) {
        let idle = idle

        routes.get("workspaces/{workspace}/idle-policy", "getIdlePolicy") { call in
            call.answer(try await idle.policy(of: call.id("workspace"), for: call.caller).json)
        }

        routes.put("workspaces/{workspace}/idle-policy", "setIdlePolicy") { call in
            let workspace = try call.id("workspace", of: Workspace.self)
            let input = try await call.input(PolicyInput.self)
            return call.answer(try await idle.set(input.policy, of: workspace, by: call.caller).json)
        }

        routes.get("workspaces/{workspace}/idle-stops", "listIdleStops") { call in
            let stops = try await idle.stops(in: call.id("workspace"), for: call.caller)
            let saved = try stops.compactMap { $0.saving?.points }.reduce(Points(micro: 0)) { try $0.adding($1) }
            return call.answer(["saved": saved, "items": stops.map { $0.json }])
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
