import WeirEngine
import WeirModel
import WeirStore

extension Reconciler {
    /// From what the workload is to what the engine has to be told.
    func plan(_ instance: InstanceRecord, _ workload: WorkloadRecord) async throws -> Launch {
        let spec = workload.spec
        try await files.makeLogs(of: workload.id, in: workload.workspace)
        var mounts: [Launch.Mount] = []
        if spec.kind == .environment || spec.kind == .board {
            // The place of the inner mount has to be there before the outer one is read-only.
            let output = folder(of: .projectOutput, workload)
            _ = try await files.make(output)
            try await files.makeFolder(output, at: FilePath(Projects.jobs))
        }
        for mount in spec.mounts() {
            let folder = folder(of: mount.source, workload)
            let source = if case .tree = folder { try await files.path(of: folder) } else { try await files.make(folder) }
            mounts.append(Launch.Mount(source: source, target: mount.target, writable: mount.writable))
        }
        let tool = try await tool(of: workload)
        return Launch(
            instance: instance.id, workload: workload.id, workspace: workload.workspace, image: spec.image.digest,
            command: command(of: workload, tool),
            workingDirectory: spec.kind == .board ? "/" : ContainerPaths.code, environment: environment(of: workload, instance, tool),
            mounts: mounts, flavor: spec.flavor, devices: instance.devices,
            hostName: Neighbour.hostName(workload.kind, workload.id, position: instance.position),
            isEntered: spec.kind == .environment, gatewayPorts: gatewayPorts(of: workload, tool),
            logFile: files.layout.log(of: instance.id, workload.id, in: workload.workspace))
    }

    private func folder(of source: PlannedMount.Source, _ workload: WorkloadRecord) -> StoredFolder {
        switch source {
        case .liveCode: .code(workload.project, in: workload.workspace)
        case .tree(let tree): .tree(tree, in: workload.workspace)
        case .projectOutput: .output(workload.project, in: workload.workspace)
        case .jobOutputs: .jobs(workload.project, in: workload.workspace)
        case .ownOutput: .workloadOutput(workload.id, of: workload.project, in: workload.workspace)
        case .home: .home(workload.createdBy)
        case .netdisk: .netdisk(workload.createdBy)
        case .sharedHome: .sharedHome(workload.workspace)
        case .sharedNetdisk: .sharedNetdisk(workload.workspace)
        }
    }

    private func command(of workload: WorkloadRecord, _ tool: ImageTool?) -> [String]? {
        switch workload.spec.detail {
        case .job(let job): shell(job.command)
        case .service(let service): shell(service.command)
        case .environment(let environment):
            tool?.command(prefix: ToolName.path(of: environment.tool, in: workload.id), path: ContainerPaths.code)
        case .board(let board): tool?.command(prefix: ToolName.path(of: Boards.tool, in: workload.id), path: board.logPath)
        }
    }

    /// At which the gateway alone may knock: in an environment at those of every tool of its image, for each may be opened there (DEV-05).
    private func gatewayPorts(of workload: WorkloadRecord, _ tool: ImageTool?) -> [Int] {
        guard let tool else { return [] }
        guard workload.kind == .environment else { return [tool.port] }
        return Set((tools[workload.spec.image.digest] ?? [:]).values.map(\.port)).sorted()
    }

    /// The tool that is opened in the browser; nil for what runs a command of its maker's.
    private func tool(of workload: WorkloadRecord) async throws -> ImageTool? {
        switch workload.spec.detail {
        case .job, .service: nil
        case .environment(let environment): try await tool(environment.tool, of: workload)
        case .board: try await tool(Boards.tool, of: workload)
        }
    }

    /// Bash where the image has it, for that is what people write.
    private func shell(_ command: String) -> [String] {
        ["/bin/sh", "-c", #"if command -v bash >/dev/null; then exec bash -c "$0"; else exec sh -c "$0"; fi"#, command]
    }

    private func environment(of workload: WorkloadRecord, _ instance: InstanceRecord, _ tool: ImageTool?) -> [String: String] {
        var variables = [
            "WEIR_WORKLOAD": workload.id.text, "WEIR_NAME": workload.name, "WEIR_KIND": workload.kind.rawValue,
            "WEIR_REPLICA": String(instance.position), "PYTHONUNBUFFERED": "1",
        ]
        if case .service(let service) = workload.spec.detail { variables["WEIR_PORT"] = String(service.port) }
        // The tools keep their settings and caches where the person's own are kept (STO-12, DEV-14).
        if workload.kind != .board { variables["HOME"] = ContainerPaths.home }
        // Not the person's to set: by the secret the gateway alone is let in.
        return variables.merging(workload.spec.variables) { _, own in own }
            .merging(tool?.environment(secret: workload.secret) ?? [:]) { _, secret in secret }
    }

    /// A tool as the image's labels describe it.
    func tool(_ name: String, of workload: WorkloadRecord) async throws -> ImageTool {
        let digest = workload.spec.image.digest
        if let tool = tools[digest]?[name] { return tool }
        guard let image = try await engine.image(digest) else {
            throw LaunchFailure(.imageMissing(workload.spec.image.reference))
        }
        tools[digest] = ImageTool.tools(in: image.labels)
        guard let tool = tools[digest]?[name] else { throw LaunchFailure(.startRefused(detail: "no tool \(name) in the image")) }
        return tool
    }

    /// A replica that has answered once is taken to be well until it ends.
    func isHealthy(_ instance: InstanceRecord, _ address: String?, _ workload: WorkloadRecord) async throws -> Bool {
        if healthy.contains(instance.id) { return true }
        guard let address else { return false }
        let target: HealthTarget
        switch workload.spec.detail {
        case .job: return true
        case .service(let service):
            target = HealthTarget(address: address, port: service.port, path: service.healthPath, authorization: nil)
        case .environment(let environment): target = try await toolTarget(environment.tool, address, workload)
        case .board: target = try await toolTarget(Boards.tool, address, workload)
        }
        guard await probe.isHealthy(target) else { return false }
        healthy.insert(instance.id)
        return true
    }

    private func toolTarget(_ name: String, _ address: String, _ workload: WorkloadRecord) async throws -> HealthTarget {
        let tool = try await tool(name, of: workload)
        return HealthTarget(
            address: address, port: tool.port, path: tool.healthPath(prefix: ToolName.path(of: name, in: workload.id)),
            authorization: tool.authorization(secret: workload.secret))
    }
}
