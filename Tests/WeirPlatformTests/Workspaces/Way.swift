import WeirModel
import WeirStore

@testable import WeirPlatform

/// One way in to a thing, and the permission that it takes.
struct Way: Sendable {
    let name: String
    let kinds: Set<Kind>
    let permission: Permission
    /// SSH gives one answer to whatever it does not let in.
    var tellsNobodyApart = false
    /// The operator answers for every workspace's money.
    var isOperatorsToo = false
    let attempt: @Sendable (RightsWorld, Thing, Caller) async throws -> Void

    init(
        _ name: String, _ kinds: Set<Kind>, _ permission: Permission, tellsNobodyApart: Bool = false, isOperatorsToo: Bool = false,
        _ attempt: @escaping @Sendable (RightsWorld, Thing, Caller) async throws -> Void
    ) {
        self.name = name
        self.kinds = kinds
        self.permission = permission
        self.tellsNobodyApart = tellsNobodyApart
        self.isOperatorsToo = isOperatorsToo
        self.attempt = attempt
    }

    private static let workloads: Set<Kind> = [
        .environment, .openLogEnvironment, .sharedEnvironment, .job, .sharedJob, .service, .sharedService, .board,
    ]
    private static let environments: Set<Kind> = [.environment, .openLogEnvironment, .sharedEnvironment]
    private static let assets: Set<Kind> = [.asset, .privateAsset]

    static let all: [Way] = ofWorkloads + ofEnvironments + ofProjects + ofAssets + ofWorkspaces

    private static func ofWorkload(
        _ name: String, _ permission: Permission, of kinds: Set<Kind> = workloads,
        _ attempt: @escaping @Sendable (Platform, Identifier<Workload>, Caller) async throws -> Void
    ) -> Way {
        Way(name, kinds, permission) { world, thing, caller in
            guard let id = thing.workload else { return }
            try await attempt(world.platform, id, caller)
        }
    }

    private static let ofWorkloads: [Way] = [
        ofWorkload("see", .seeWorkspace) { _ = try await $0.workloads.workload($1, for: $2) },
        ofWorkload("history", .seeWorkspace) { _ = try await $0.workloads.history(of: $1, PageRequest(), for: $2) },
        ofWorkload("usage", .seeWorkspace) { _ = try await $0.processes.usage(of: $1, for: $2) },
        ofWorkload("tool", .enter) { _ = try await $0.entries.enter($1, tool: nil, by: $2) },
        ofWorkload("terminal", .enter) { _ = try await $0.entries.enter($1, tool: "terminal", by: $2) },
        ofWorkload("processes", .enter) { _ = try await $0.processes.list(of: $1, for: $2) },
        ofWorkload("kill", .enter) { try await $0.processes.kill(2, force: true, in: $1, by: $2) },
        ofWorkload("log", .readLog) { _ = try await $0.logs.read(of: $1, from: 0, limit: 10, for: $2) },
        ofWorkload("log stream", .readLog) { _ = try await $0.logs.follow(of: $1, from: 0, for: $2) },
        ofWorkload("start", .startWorkload) { _ = try await $0.workloads.start($1, by: $2) },
        ofWorkload("switch flavor", .startWorkload) { _ = try await $0.workloads.switchFlavor(of: $1, to: "small", by: $2) },
        ofWorkload("mounts", .startWorkload, of: environments) {
            _ = try await $0.workloads.setMounts(of: $1, datasets: [], models: [], by: $2)
        },
        ofWorkload("stop", .stopWorkload) { _ = try await $0.workloads.stop($1, by: $2) },
        ofWorkload("priority", .prioritize) { _ = try await $0.workloads.setPriority(of: $1, to: .low, by: $2) },
        ofWorkload("rename", .changeWorkload) { _ = try await $0.workloads.edit($1, description: "other", by: $2) },
        ofWorkload("delete", .deleteWorkload) { try await $0.workloads.delete($1, by: $2) },
        ofWorkload("rerun", .createWorkload, of: [.job, .sharedJob]) { _ = try await $0.jobs.rerun($1, by: $2) },
        ofWorkload("export", .createAsset, of: [.job, .service]) {
            _ = try await $0.exports.export(of: $1, to: .named("exported", .model), by: $2)
        },
        ofWorkload("open port", .startWorkload, of: [.service, .sharedService]) { _ = try await $0.services.openPort(of: $1, by: $2) },
        ofWorkload("close port", .stopWorkload, of: [.service, .sharedService]) { try await $0.services.closePort(of: $1, by: $2) },
    ]

    private static let ofEnvironments: [Way] = [
        ofWorkload("SSH lines", .enter, of: environments) { _ = try await $0.sshAddresses.environment($1, for: $2) },
        ofWorkload("repair of the home", .enter, of: environments) { _ = try await $0.sshAddresses.repairHome(of: $1, by: $2) },
        ofWorkload("what runs when idle", .enter, of: environments) { _ = try await $0.workloads.edit($1, onIdle: "true", by: $2) },
        ofWorkload("who reads the log", .enter, of: environments) { _ = try await $0.workloads.edit($1, openLog: true, by: $2) },
        Way("SSH", environments, .enter, tellsNobodyApart: true) { world, thing, caller in
            guard let id = thing.workload else { return }
            try await logIn(world, .environment(id), thing, caller, or: "workload")
        },
    ]

    private static let ofProjects: [Way] = [
        Way("see", [.project], .seeWorkspace) { _ = try await $0.platform.projects.project($1.project, for: $2) },
        Way("describe", [.project], .changeProject) {
            _ = try await $0.platform.projects.edit($1.project, name: nil, description: "other", tags: nil, by: $2)
        },
        Way("delete", [.project], .deleteProject) {
            let name = try await $0.platform.projects.project($1.project, for: $2).name
            try await $0.platform.projects.delete($1.project, typed: name, by: $2)
        },
        Way("write code", [.project], .changeCode) { _ = try await $0.platform.projects.codeForUpload(of: $1.project, for: $2) },
        Way("upload code", [.project], .changeCode) {
            _ = try await $0.platform.uploads.create(into: .code($1.project), path: "f", length: 1, by: $2)
        },
        Way("code by SFTP and git", [.project], .changeCode, tellsNobodyApart: true) { world, thing, caller in
            try await logIn(world, .code(thing.project), thing, caller, or: "project")
        },
        Way("delete results", [.project], .deleteOutput) {
            try await $0.platform.projects.deleteOutput(of: $1.project, at: FilePath("old.txt"), by: $2)
        },
        Way("delete the results of a job", [.job], .deleteOutput) { world, thing, caller in
            guard let id = thing.workload else { return }
            try await world.platform.projects.deleteOutput(of: thing.project, at: FilePath("jobs/\(id)/old.txt"), by: caller)
        },
        Way("start something in", [.project], .createWorkload) { world, thing, caller in
            _ = try await world.platform.environments.create(
                Submission(name: "in\(world.number())", image: "weir/notebook", flavor: "tiny"), tool: nil, autoStop: nil,
                in: thing.project, by: caller)
        },
    ]

    private static func ofAsset(
        _ name: String, _ permission: Permission,
        _ attempt: @escaping @Sendable (Platform, Identifier<Asset>, Caller) async throws -> Void
    ) -> Way {
        Way(name, assets, permission) { world, thing, caller in
            guard let id = thing.asset else { return }
            try await attempt(world.platform, id, caller)
        }
    }

    private static let ofAssets: [Way] = [
        ofAsset("see", .seeWorkspace) { _ = try await $0.assets.asset($1, for: $2) },
        ofAsset("read", .seeWorkspace) { _ = try await $0.assets.tree(of: 1, of: $1, for: $2) },
        ofAsset("describe", .changeAsset) { _ = try await $0.assets.edit($1, Assets.Description(description: "other"), by: $2) },
        ofAsset("delete", .deleteAsset) {
            try await $0.assets.delete($1, typed: $0.assets.asset($1, for: $2).name, by: $2)
        },
        ofAsset("delete a version of", .deleteAsset) { try await $0.assets.deleteVersion(1, of: $1, by: $2) },
        ofAsset("discard the draft of", .deleteAsset) { try await $0.assets.discardDraft(of: $1, by: $2) },
        ofAsset("upload into", .changeDraft) { _ = try await $0.uploads.create(into: .draft($1), path: "f", length: 1, by: $2) },
        ofAsset("confirm", .changeDraft) { _ = try await $0.assets.confirm($1, by: $2) },
        ofAsset("token for", .changeDraft) { _ = try await $0.sshCredentials.makeUploadToken(for: $1, by: $2) },
        Way("draft by SFTP", assets, .changeDraft, tellsNobodyApart: true) { world, thing, caller in
            guard let id = thing.asset else { return }
            try await logIn(world, .draft(id), thing, caller, or: "asset")
        },
        Way("mount", assets, .seeWorkspace) { world, thing, caller in
            guard let id = thing.asset else { return }
            let submission = Submission(
                name: "m\(world.number())", image: "weir/notebook", flavor: "tiny", datasets: [Submission.Mount(asset: id)])
            _ = try await world.platform.environments.create(submission, tool: nil, autoStop: nil, in: world.project, by: caller)
        },
    ]

    private static let ofWorkspaces: [Way] = [
        Way("see", [.workspace], .seeWorkspace) { _ = try await $0.platform.workspaces.workspace($1.workspace, for: $2) },
        Way("rename", [.workspace], .changeWorkspace) {
            _ = try await $0.platform.workspaces.rename($1.workspace, to: "other", by: $2)
        },
        Way("add a member to", [.workspace], .changeMembers) {
            _ = try await $0.platform.workspaces.setRole(.member, ofLogin: "max", in: $1.workspace, by: $2)
        },
        Way("make an owner of", [.workspace], .changeOwners) {
            _ = try await $0.platform.workspaces.setRole(.owner, ofLogin: "olga", in: $1.workspace, by: $2)
        },
        Way("set when idle ones stop in", [.workspace], .setLimits) {
            _ = try await $0.platform.idlePolicies.set(IdlePolicy(after: 3600), of: $1.workspace, by: $2)
        },
        Way("make a project in", [.workspace], .createProject) { world, thing, caller in
            _ = try await world.platform.projects.create(in: thing.workspace, name: "by-\(caller.account.login)", by: caller)
        },
        Way("make a dataset in", [.workspace], .createAsset) { world, thing, caller in
            let description = Assets.Description(name: "by-\(caller.account.login)")
            _ = try await world.platform.assets.create(.dataset, in: thing.workspace, description, by: caller)
        },
        Way("close", [.workspace], .deleteWorkspace) {
            _ = try await $0.platform.closings.close($1.workspace, named: "another name", by: $2)
        },
        Way("look at the bills of", [.workspace], .seeBilling, isOperatorsToo: true) {
            _ = try await $0.platform.bills.months(of: $1.workspace, for: $2)
        },
        Way("pay for", [.workspace], .pay, isOperatorsToo: true) {
            _ = try await $0.platform.ledger.pay("none", through: $0.platform.vouchers, for: $1.workspace, by: $2)
        },
        Way("sign for", [.workspace], .signCommitment) {
            _ = try await $0.platform.commitment.sign(version: PortCommitment.version, in: $1.workspace, by: $2)
        },
    ]

    /// With the key that everybody here has.
    private static func logIn(
        _ world: RightsWorld, _ place: SSHUserName.Place, _ thing: Thing, _ caller: Caller, or missing: String
    ) async throws {
        let user = SSHUserName(
            person: .account(try LoginName(caller.account.login)), place: place, workspace: WorkspaceLabel.byIdentifier(thing.workspace))
        let identity = try await world.platform.sshAccess.authenticate(
            user.description, provenKey: world.fingerprint, from: world.source())
        guard let identity else { throw WeirError.notFound(missing) }
        if case .environment = place { return }
        _ = try await world.platform.sshEntrance.folder(of: identity)
    }
}
