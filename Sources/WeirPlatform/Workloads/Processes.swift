public import WeirEngine
public import WeirModel
import WeirStore

/// What runs inside of a workload, to find and end what was left behind (DEV-11).
public struct Processes: Sendable {
    let store: Store
    let engine: any Engine

    /// Of the instance at a position; nil when it is not running.
    public func usage(of id: Identifier<Workload>, position: Int = 0, for caller: Caller) async throws -> InstanceUsage? {
        guard let instance = try await running(id, position, caller, .seeWorkspace) else { return nil }
        return try await engine.usage(of: instance)
    }

    /// For who may enter: commands say what somebody works on.
    public func list(of id: Identifier<Workload>, position: Int = 0, for caller: Caller) async throws -> [InstanceProcess] {
        guard let instance = try await running(id, position, caller, .enter) else { return [] }
        return try await engine.processes(in: instance)
    }

    /// Sends SIGTERM, or SIGKILL when `force` is set. The first process is the workload itself: stop that instead.
    public func kill(
        _ pid: Int, force: Bool, in id: Identifier<Workload>, position: Int = 0, by caller: Caller
    ) async throws {
        guard (2...4_194_304).contains(pid) else { throw WeirError.malformed("pid", "a process other than 1", rule: "DEV-11") }
        guard let instance = try await running(id, position, caller, .enter) else {
            throw WeirError.notFound("process")
        }
        // The shell's own `kill`: small images have no other.
        let command = "kill -\(force ? "KILL" : "TERM") \(pid)"
        let result: CommandResult
        do {
            result = try await engine.run(["/bin/sh", "-c", command], in: instance)
        } catch let error as WeirError where error.code == "instance_not_running" {
            // The instance, and with it the process, has ended while it was being asked.
            throw WeirError.notFound("process")
        }
        guard result.exitCode == 0 else { throw WeirError.notFound("process") }
    }

    private func running(
        _ id: Identifier<Workload>, _ position: Int, _ caller: Caller, _ permission: Permission
    ) async throws -> Identifier<Instance>? {
        try await store.read { db in
            let workload = try db.workload(id, for: caller, permission)
            return try db.instances(of: workload.id, run: workload.run)
                .last { $0.position == position && $0.startedAt != nil && $0.endedAt == nil }?.id
        }
    }
}

extension Processes {
    /// Opens the terminal of that name in an environment, or finds it again (DEV-04, X16). Who may is the gateway's to ask.
    public func terminal(
        in id: Identifier<Workload>, size: TerminalSize, name: String
    ) async throws -> any TerminalSession {
        let command = try TerminalCommand.command(name: name)
        let instance = try await store.read { db -> Identifier<Instance>? in
            guard let workload = try db.workload(id), workload.state == .running else { return nil }
            return try db.instances(of: id, run: workload.run).last { $0.startedAt != nil && $0.endedAt == nil }?.id
        }
        guard let instance else { throw WeirError.notFound("terminal") }
        return try await engine.terminal(command, in: instance, size: size)
    }
}
