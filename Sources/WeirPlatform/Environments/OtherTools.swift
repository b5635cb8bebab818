import WeirEngine
import WeirModel
import WeirStore

/// Tools of an environment's image besides the one that it was made with: TensorBoard beside JupyterLab. Each is started in the environment
/// when somebody first opens it, over what the project has put out, and is there until the environment stops (DEV-05).
struct OtherTools: Sendable {
    let store: Store
    let engine: any Engine
    let clock: any WallClock
    let routes: RouteTable
    let probe: any HealthProbe

    /// So long a browser waits; after that the gateway's page says that the program is not up yet.
    private static let patience = Duration.seconds(20)
    private static let pause = Duration.milliseconds(250)

    /// Returns when the tool answers, or does not in time. Throws `tool_missing`.
    func open(_ name: String, in workload: WorkloadRecord) async throws {
        // One that lets in by a secret reads it from its environment, and that of the running container does not have it.
        guard let image = try await engine.image(workload.spec.image.digest), let tool = ImageTool.tools(in: image.labels)[name],
            tool.environment(secret: workload.secret).isEmpty
        else { throw WeirError.toolMissing(name) }
        let instance = try await store.read { db in
            try db.instances(of: workload.id, run: workload.run).last { $0.startedAt != nil && $0.endedAt == nil }
        }
        guard let instance, let address = instance.address else { throw WeirError.wrongState("enter", workload.state) }
        let prefix = ToolName.path(of: name, in: workload.id)
        let authorization = tool.authorization(secret: workload.secret)
        routes.setTool(
            name, of: workload.id,
            to: ToolRoute(
                workspace: workload.workspace, onlyFor: workload.onlyFor,
                destination: .backend(Backend(host: address, port: tool.port)), prefixKept: tool.prefixKept,
                upstreamAuthorization: authorization, activityPaths: tool.activityPaths(prefix: prefix)))
        let target = HealthTarget(address: address, port: tool.port, path: tool.healthPath(prefix: prefix), authorization: authorization)
        if await probe.isHealthy(target) { return }
        // Two who open it at once start it twice: the second finds its port taken, and ends.
        let start = #"trap "" HUP; "$@" > "$0" 2>&1 < /dev/null &"#
        let command = tool.command(prefix: prefix, path: ContainerPaths.output)
        _ = try await engine.run(["/bin/sh", "-c", start, "/tmp/.weir-\(name).log"] + command, in: instance.id)
        let deadline = clock.now() + Self.patience
        while clock.now() < deadline {
            if await probe.isHealthy(target) { return }
            try await clock.sleep(for: Self.pause)
        }
    }
}
