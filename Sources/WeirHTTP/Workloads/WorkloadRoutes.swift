import HTTPTypes
import Hummingbird
import WeirModel
import WeirPlatform
import WeirStore

/// Seeing and doing with workloads of any kind.
struct WorkloadRoutes {
    let workloads: Workloads
    let accounts: Accounts
    let entries: Entries
    let answers: WorkloadAnswers

    func add(to routes: Routes) {
        let (workloads, answers, entries) = (workloads, answers, entries)
        addHistory(to: routes)

        routes.get("workspaces/{workspace}/workloads", "listWorkloads") { call in
            let filter = WorkloadFilter(
                kind: try call.query("kind", as: WorkloadKind.self), project: try call.queryID("project"),
                state: try call.query("state", as: WorkloadState.self), name: try call.nameFilter(),
                tool: try call.word("tool", upTo: 32))
            let order = try call.page(in: [.newest, .oldest, .name, .ending])
            let page = try await workloads.list(in: call.id("workspace"), filter, order, for: call.caller)
            return try await answers.answer(page, to: call)
        }

        routes.get("workloads/{workload}", "getWorkload") { call in
            try await answers.answer(workloads.workload(call.id("workload"), for: call.caller), to: call)
        }

        routes.patch("workloads/{workload}", "changeWorkload") { call in
            let id = try call.id("workload", of: Workload.self)
            let input = try await call.input(Change.self)
            return try await answers.answer(
                workloads.edit(
                    id, name: input.name, description: input.description, onIdle: input.onIdle, autoStop: input.autoStop, ssh: input.ssh,
                    openLog: input.openLog, by: call.caller), to: call)
        }

        routes.delete("workloads/{workload}", "deleteWorkload") { call in
            try await workloads.delete(call.id("workload"), by: call.caller)
            return call.done()
        }

        routes.post("workloads/{workload}/start", "startWorkload") { call in
            try await answers.answer(workloads.start(call.id("workload"), by: call.caller), to: call)
        }

        routes.post("workloads/{workload}/stop", "stopWorkload") { call in
            try await answers.answer(workloads.stop(call.id("workload"), by: call.caller), to: call)
        }

        routes.post("workloads/{workload}/restart", "restartWorkload") { call in
            try await answers.answer(workloads.restart(call.id("workload"), by: call.caller), to: call)
        }

        routes.post("workloads/{workload}/switch-flavor", "switchFlavor") { call in
            let id = try call.id("workload", of: Workload.self)
            let input = try await call.input(FlavorChoice.self)
            return try await answers.answer(
                workloads.switchFlavor(of: id, to: input.flavor, by: call.caller), to: call)
        }

        routes.put("workloads/{workload}/mounts", "setMounts") { call in
            let id = try call.id("workload", of: Workload.self)
            let input = try await call.input(MountChoice.self)
            return try await answers.answer(
                workloads.setMounts(
                    of: id, datasets: (input.datasets ?? []).map(\.mount), models: (input.models ?? []).map(\.mount), by: call.caller),
                to: call)
        }

        routes.put("workloads/{workload}/priority", "setPriority") { call in
            let id = try call.id("workload", of: Workload.self)
            let input = try await call.input(PriorityChoice.self)
            return try await answers.answer(workloads.setPriority(of: id, to: input.priority, by: call.caller), to: call)
        }

        routes.post("workloads/{workload}/enter", "enterWorkload") { call in
            let id = try call.id("workload", of: Workload.self)
            let input = try await call.inputOrNone(Enter.self)
            let entry = try await entries.enter(id, tool: input.tool, path: input.path ?? "", by: call.caller)
            return call.answer(["url": entry.url, "expires_at": entry.expiresAt])
        }
    }

    private func addHistory(to routes: Routes) {
        let (workloads, accounts, clock) = (workloads, accounts, answers.platform.clock)

        routes.get("workloads/{workload}/history", "getHistory") { call in
            let transitions = try await workloads.history(of: call.id("workload"), call.page(), for: call.caller)
            let people = try await accounts.people(transitions.items.compactMap(\.actor))
            return call.answer(transitions) { $0.json(people, in: call.language) }
        }

        routes.get("workloads/{workload}/runs", "getRuns") { call in
            let runs = try await workloads.runs(of: call.id("workload"), call.page(), for: call.caller)
            let people = try await accounts.people(runs.items.map(\.startedBy))
            let now = clock.now()
            return call.answer(runs) { $0.json(people, at: now) }
        }

        routes.get("workloads/{workload}/instances", "getInstances") { call in
            let run = try call.query("run", in: 1...1_000_000).map(Int.init)
            let instances = try await workloads.instances(of: call.id("workload"), run: run, call.page(), for: call.caller)
            return call.answer(instances) { $0.json(in: call.language) }
        }
    }

    struct Change: Input {
        let name: String?
        let description: String?
        let onIdle: String?
        let autoStop: Int?
        let ssh: Bool?
        let openLog: Bool?

        enum CodingKeys: String, CodingKey, CaseIterable {
            case name, description, ssh
            case openLog = "open_log"
            case onIdle = "on_idle"
            case autoStop = "auto_stop"
        }
    }

    struct FlavorChoice: Input {
        let flavor: String

        enum CodingKeys: String, CodingKey, CaseIterable { case flavor }
    }

    struct MountChoice: Input {
        let datasets: [MountInput]?
        let models: [MountInput]?

        enum CodingKeys: String, CodingKey, CaseIterable { case datasets, models }
    }

    struct PriorityChoice: Input {
        let priority: PriorityClass

        enum CodingKeys: String, CodingKey, CaseIterable { case priority }
    }

    struct Enter: Input {
        let tool: String?
        let path: String?

        enum CodingKeys: String, CodingKey, CaseIterable { case tool, path }
    }
}
