import Logging
import WeirEngine
import WeirModel
import WeirStore

/// What the gateway is told: a route is usable the moment its workload is ready, and says why when it is not.
extension Reconciler {
    /// Sends traffic to these instances.
    func route(_ workload: WorkloadRecord, _ addresses: [String], port: PortRecord?) async throws {
        switch workload.spec.detail {
        case .job: break
        case .environment(let environment):
            try await routeTool(environment.tool, workload, addresses.first)
            routes.setTool(
                ToolName.terminal, of: workload.id,
                to: ToolRoute(workspace: workload.workspace, onlyFor: workload.onlyFor, destination: .terminal))
        case .board: try await routeTool(Boards.tool, workload, addresses.first)
        case .service(let service):
            guard let port else { return closePorts(of: workload.id) }
            closePorts(of: workload.id, but: port.number)
            routes.setPort(
                port.number,
                to: PortRoute(
                    workload: workload.id, workspace: workload.workspace, mode: service.mode,
                    backends: addresses.map { Backend(host: $0, port: service.port) },
                    reason: addresses.isEmpty ? Self.replicasStarting : nil),
                countingFrom: PortCount(requests: port.requests, errors: port.errors, activeAt: port.activeAt))
            openPorts[workload.id] = port.number
        }
        routed.insert(workload.id)
    }

    private func routeTool(_ name: String, _ workload: WorkloadRecord, _ address: String?) async throws {
        do {
            let tool = try await tool(name, of: workload)
            let destination: ToolRoute.Destination =
                address.map { .backend(Backend(host: $0, port: tool.port)) } ?? .down(Self.starting)
            routes.setTool(
                name, of: workload.id,
                to: ToolRoute(
                    workspace: workload.workspace, onlyFor: workload.onlyFor, destination: destination, prefixKept: tool.prefixKept,
                    upstreamAuthorization: tool.authorization(secret: workload.secret),
                    activityPaths: tool.activityPaths(prefix: ToolName.path(of: name, in: workload.id))))
        } catch let failure as LaunchFailure {
            // The image lost the tool while it runs: trying again brings it not back.
            logger.error("no route to a tool", metadata: ["workload": "\(workload.id)", "error": "\(failure.reason)"])
        }
    }

    /// Takes traffic away, and leaves the reason at the address until the workload is deleted.
    func unroute(_ workload: WorkloadRecord, because event: WorkloadEvent) {
        routed.remove(workload.id)
        switch workload.spec.detail {
        case .job: break
        case .service: closePorts(of: workload.id)
        case .environment(let environment): leaveReason(environment.tool, workload, event)
        case .board: leaveReason(Boards.tool, workload, event)
        }
    }

    private func leaveReason(_ tool: String, _ workload: WorkloadRecord, _ event: WorkloadEvent) {
        routes.removeTools(of: workload.id)
        guard workload.wanted != .deleted else { return }
        let reason = if case .broke(let failure) = event { failure.message } else { workload.failure?.message ?? Self.stopped }
        routes.setTool(
            tool, of: workload.id, to: ToolRoute(workspace: workload.workspace, onlyFor: workload.onlyFor, destination: .down(reason)))
    }

    /// Nothing is left at the address of what has been deleted.
    func forgetRoutes(of id: Identifier<Workload>) {
        routed.remove(id)
        routes.removeTools(of: id)
        closePorts(of: id)
    }

    private func closePorts(of id: Identifier<Workload>, but keep: Int? = nil) {
        guard let open = openPorts[id], open != keep else { return }
        routes.removePort(open)
        openPorts[id] = nil
    }

    static let starting = LocalizedText("It is starting; wait a moment and load this page again.", zh: "正在启动，请稍候并刷新页面。")
    static let stopped = LocalizedText("It has been stopped. Start it from the console.", zh: "已停止，请在控制台重新启动。")
    static let replicasStarting = LocalizedText("No replica is ready yet.", zh: "暂无就绪的实例。")
}

extension WorkloadRecord {
    /// Who alone comes in by the gateway; nil lets every member in.
    var onlyFor: Identifier<Account>? { spec.isShared ? nil : createdBy }
}
