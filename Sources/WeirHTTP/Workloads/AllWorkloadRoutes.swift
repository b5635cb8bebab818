import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// What runs in all workspaces, for the operator: no way in, no logs, no files.
struct AllWorkloadRoutes {
    let workloads: AllWorkloads
    let platform: Platform

    func add(to routes: Routes) {
        let workloads = workloads

        routes.get("operator/workloads", "listAllWorkloads") { call in
            try call.caller.requireOperator()
            let filter = AllWorkloadsFilter(
                state: try call.query("state", as: WorkloadState.self), kind: try call.query("kind", as: WorkloadKind.self),
                workspace: try call.queryID("workspace"), name: try call.nameFilter())
            let page = try await workloads.list(filter, by: call.query("login"), call.pageOfNamed(), for: call.caller)
            let shown = try await show(page.items, call)
            return call.answer(Page(items: shown, next: page.next)) { $0 }
        }

        routes.get("operator/workloads/{workload}", "getAnyWorkload") { call in
            try call.caller.requireOperator()
            let (standing, history) = try await workloads.workload(call.id("workload"), for: call.caller)
            let people = try await platform.accounts.people(history.compactMap(\.actor))
            let shown = try await show([standing], call)
            return call.answer(
                (shown.first ?? .null).adding(["history": history.map { $0.json(people, in: call.language) }]))
        }

        routes.post("operator/workloads/{workload}/stop", "stopAnyWorkload") { call in
            try call.caller.requireOperator()
            let id = try call.id("workload", of: Workload.self)
            let input = try await call.input(Stop.self)
            let stopped = try await workloads.stop(id, reason: input.reason, by: call.caller)
            return call.answer(try await show([stopped], call).first ?? .null)
        }
    }

    private func show(_ items: [StandingWorkload], _ call: Call) async throws -> [JSON] {
        let people = try await platform.accounts.people(items.map(\.workload.createdBy))
        let runs = try await platform.bills.lastRuns(of: items.map(\.workload))
        let now = platform.clock.now()
        return items.map { standing in
            let workload = standing.workload
            let run = runs[workload.id]
            return [
                "id": workload.id, "kind": workload.kind, "name": workload.name,
                "workspace": ["id": workload.workspace, "name": standing.workspaceName] as JSON,
                "created_by": people.json(of: workload.createdBy), "created_at": workload.createdAt, "state": workload.state,
                "state_since": workload.stateSince,
                "may_stop": workload.startsAgain || workload.state.operations(for: workload.kind).contains(.stop),
                "failure": workload.failure?.json(in: call.language), "run": workload.run, "flavor": workload.spec.flavor.name,
                "replicas": workload.spec.replicas, "running_since": workload.runningSince, "ended_at": workload.endedAt,
                "price_per_hour": run.flatMap { try? $0.price.amount(minutes: 60) },
                "cost": run.flatMap { try? $0.cost(at: now, RunIdentity(workload: workload.id, number: workload.run)) },
                "deleted": standing.isDeleted,
            ]
        }
    }

    struct Stop: Input {
        let reason: String

        enum CodingKeys: String, CodingKey, CaseIterable { case reason }
    }
}
