import Hummingbird
import WeirEngine
import WeirModel
import WeirPlatform
import WeirStore

/// What runs inside of a workload's instances (DEV-11).
struct ProcessRoutes {
    let workloads: Workloads
    let processes: Processes
    let history: UsageHistory

    func add(to routes: Routes) {
        let processes = processes
        let history = history
        let workloads = workloads

        routes.get("workloads/{workload}/usage", "getUsage") { call in
            let id = try call.id("workload", of: Workload.self)
            var items: [JSON] = []
            for instance in try await workloads.runningInstances(of: id, for: call.caller) {
                guard let usage = try await processes.usage(of: id, position: instance.position, for: call.caller) else {
                    continue
                }
                items.append([
                    "instance": instance.id, "cpu_milliseconds": usage.cpu.milliseconds, "memory": usage.memory,
                    "memory_limit": usage.memoryLimit, "processes": usage.processes,
                ])
            }
            return call.answer(["items": items, "next": JSON.null])
        }

        routes.get("workloads/{workload}/usage/history", "getUsageHistory") { call in
            let span = try call.query("span", as: UsageSeries.Span.self) ?? .hour
            let part = try await history.part(of: call.id("workload"), span, for: call.caller)
            return call.answer([
                "span": JSON.text(span.rawValue), "step": span.step, "from": part.until - .seconds(span.seconds), "until": part.until,
                "cpu_limit": part.cpuLimit, "memory_limit": part.memoryLimit, "items": part.samples.map { $0.json },
            ])
        }

        routes.get("workloads/{workload}/processes", "listProcesses") { call in
            let id = try call.id("workload", of: Workload.self)
            var items: [JSON] = []
            for instance in try await workloads.runningInstances(of: id, for: call.caller) {
                for process in try await processes.list(of: id, position: instance.position, for: call.caller) {
                    items.append([
                        "instance": instance.id, "pid": process.pid, "parent": process.parent,
                        "memory": process.memory, "elapsed_seconds": process.elapsedSeconds,
                        "command": process.command,
                    ])
                }
            }
            return call.answer(["items": items, "next": JSON.null])
        }

        routes.post("workloads/{workload}/processes/kill", "killProcess") { call in
            let id = try call.id("workload", of: Workload.self)
            let input = try await call.input(Kill.self)
            var position = 0
            if let named = input.instance {
                guard let instance = try await workloads.runningInstances(of: id, for: call.caller).first(where: { $0.id == named }) else {
                    throw WeirError.notFound("instance")
                }
                position = instance.position
            }
            try await processes.kill(
                input.pid, force: input.force ?? false, in: id, position: position, by: call.caller)
            return call.done()
        }
    }

    struct Kill: Input {
        let pid: Int
        let instance: Identifier<Instance>?
        let force: Bool?

        enum CodingKeys: String, CodingKey, CaseIterable { case pid, instance, force }
    }
}

extension UsageSample {
    fileprivate var json: JSON {
        [
            "at": at, "cpu": Int(cpu), "memory": memory, "gpu_percent": gpuPercent.map { Int($0) },
            "requests": requests.map { Int($0) }, "errors": errors.map { Int($0) },
        ]
    }
}
