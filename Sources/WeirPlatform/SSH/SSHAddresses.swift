import WeirEngine
public import WeirModel
import WeirStore

/// What a person copies to get in: the lines of an environment, the credentials of a folder (SSH-01, SSH-12, SSH-09).
public struct SSHAddresses: Sendable {
    let store: Store
    let engine: any Engine
    public let settings: SSHSettings

    /// Throws `ssh_off`, `not_found`.
    public func environment(_ id: Identifier<Workload>, for caller: Caller) async throws -> SSHLines {
        let (workload, label, letsIn) = try await store.read { db in
            let workload = try db.workload(id, for: caller, .enter)
            return (workload, try db.label(of: workload.workspace), try db.letsInOverSSH(workload))
        }
        try requireOn()
        guard workload.kind == .environment else { throw WeirError.sshOnlyEnvironments() }
        guard letsIn else { throw WeirError.sshSwitchedOff() }
        return lines(.environment(id), person: workload.createdBy == caller.id ? nil : caller, label, workload.name)
    }

    public func draft(_ id: Identifier<Asset>, for caller: Caller) async throws -> SSHLines {
        let (asset, label) = try await store.read { db in
            let asset = try db.asset(id, for: caller, .changeDraft)
            return (asset, try db.label(of: asset.workspace))
        }
        try requireOn()
        return lines(.draft(id), person: caller, label, asset.name)
    }

    /// By the token of an upload in place of an account.
    public func draftByToken(_ id: Identifier<Asset>, for caller: Caller) async throws -> SSHLines {
        let (asset, label) = try await store.read { db in
            let asset = try db.asset(id, for: caller, .changeDraft)
            return (asset, try db.label(of: asset.workspace))
        }
        try requireOn()
        let user = SSHUserName(person: .token, place: .draft(id), workspace: label)
        return SSHLines(host: settings.host, port: settings.port, user: user, name: asset.name)
    }

    public func code(_ id: Identifier<Project>, for caller: Caller) async throws -> SSHLines {
        let (project, label) = try await store.read { db in
            let project = try db.project(id, for: caller, .changeCode)
            return (project, try db.label(of: project.workspace))
        }
        try requireOn()
        return lines(.code(id), person: caller, label, project.name)
    }

    public func netdisk(in workspace: Identifier<Workspace>, for caller: Caller) async throws -> SSHLines {
        let label = try await store.read { db in
            try db.role(of: caller, in: workspace, for: .seeWorkspace)
            return try db.label(of: workspace)
        }
        try requireOn()
        return lines(.netdisk, person: caller, label, "netdisk")
    }

    /// Gives the home back the mode without which programs refuse it, and says what the mode was (SSH-10).
    public func repairHome(of id: Identifier<Workload>, by caller: Caller) async throws -> String {
        let instance = try await store.read { db -> Identifier<Instance> in
            let workload = try db.workload(id, for: caller, .enter)
            guard workload.kind == .environment else { throw WeirError.sshOnlyEnvironments() }
            try workload.state.require(.enter, for: workload.kind)
            guard let instance = try db.instances(of: id, run: workload.run).last(where: { $0.startedAt != nil && $0.endedAt == nil })
            else {
                throw WeirError.environmentNotRunning(workload.name, workload.state)
            }
            return instance.id
        }
        let script = """
            home=${HOME:-/root}
            before=$(stat -c %a "$home") && chmod 700 "$home" || exit 1
            [ ! -d "$home/.ssh" ] || chmod 700 "$home/.ssh"
            for key in "$home"/.ssh/authorized_keys "$home"/.ssh/id_*; do [ ! -f "$key" ] || chmod go-rwx "$key"; done
            echo "$before"
            """
        let result = try await engine.run(["/bin/sh", "-c", script], in: instance)
        guard result.exitCode == 0 else { throw WeirError.homeNotRepaired(result.output) }
        return result.output.filter { $0.isNumber }
    }

    private func requireOn() throws(WeirError) {
        guard settings.isOn else { throw .sshOff() }
    }

    /// Nil names nobody: whoever made it enters by its own password or key.
    private func lines(_ place: SSHUserName.Place, person: Caller?, _ label: String, _ name: String) -> SSHLines {
        let login = person.flatMap { try? LoginName($0.account.login) }
        let user = SSHUserName(person: login.map(SSHUserName.Person.account) ?? .anyone, place: place, workspace: label)
        return SSHLines(host: settings.host, port: settings.port, user: user, name: name)
    }
}

extension Reading {
    fileprivate func label(of id: Identifier<Workspace>) throws -> String {
        guard let workspace = try workspace(id) else { throw WeirError.notFound("workspace") }
        return WorkspaceLabel.label(of: id, named: workspace.name)
    }
}

extension WeirError {
    static func sshOff() -> WeirError {
        WeirError(
            "ssh_off", .unavailable, subject: "ssh",
            LocalizedText("SSH is switched off in this installation.", zh: "本平台未启用 SSH。"),
            remedy: LocalizedText("Ask the operator to set ssh.listen.", zh: "请联系运营管理员配置 ssh.listen。"))
    }

    static func sshSwitchedOff() -> WeirError {
        WeirError(
            "ssh_switched_off", .conflict, subject: "ssh", rule: "SSH-01",
            LocalizedText("SSH is switched off for this environment, or for all of its workspace.", zh: "该开发环境或其所在空间已关闭 SSH。"),
            remedy: LocalizedText(
                "Switch it on on the environment's page; an administrator does it for the workspace: `weir ssh policy set --on`.",
                zh: "请在开发环境页面开启；空间级开关由管理员设置：`weir ssh policy set --on`。"))
    }

    static func sshOnlyEnvironments() -> WeirError {
        WeirError(
            "ssh_only_environments", .conflict, subject: "workload", rule: "SSH-02",
            LocalizedText("SSH leads to environments, and not to jobs, services or boards.", zh: "SSH 仅可进入开发环境。"),
            remedy: LocalizedText("Open an environment of the same project.", zh: "请使用同一项目的开发环境。"))
    }

    static func homeNotRepaired(_ detail: String) -> WeirError {
        WeirError(
            "home_not_repaired", .failed, subject: "home", rule: "SSH-10",
            LocalizedText("The home could not be repaired: \(detail.prefix(200))", zh: "主目录权限修复失败：\(detail.prefix(200))"))
    }
}
