public import WeirModel
public import WeirStore

/// What an environment mounts, from its next start on.
extension Workloads {
    /// The next run mounts these versions of datasets and models, each in this order, and no others. What runs keeps what it has until it
    /// stops: so this is for one that does not run, and a restart is what it takes (DAT-12, MOD-07).
    ///
    /// Throws `too_many_mounts`, `wrong_state`, `no_version`, `private_in_shared`.
    public func setMounts(
        of id: Identifier<Workload>, datasets: [Submission.Mount], models: [Submission.Mount], by caller: Caller
    ) async throws -> WorkloadRecord {
        try WorkloadRules.checkMounts(datasets.map(\.asset), field: "datasets")
        try WorkloadRules.checkMounts(models.map(\.asset), field: "models")
        return try await change(id) { db in
            var workload = try db.read.workload(id, for: caller, .startWorkload)
            guard workload.kind == .environment, workload.wanted != .deleted else { throw WeirError.notFound("environment") }
            guard workload.state == .stopped || workload.state == .failed else { throw WeirError.mountsInUse(workload.state) }
            let (workspace, isShared) = (workload.workspace, workload.spec.isShared)
            workload.spec.datasets = try datasets.map {
                try db.read.version($0, .dataset, in: workspace, isShared: isShared, for: caller)
            }
            workload.spec.models = try models.map { try db.read.version($0, .model, in: workspace, isShared: isShared, for: caller) }
            try db.setSpec(workload.spec, of: workload.id)
            return workload
        }
    }
}

extension Reading {
    /// The version that somebody wants to mount. What a person keeps to themselves is not mounted where others enter (DAT-14).
    func version(
        _ mount: Submission.Mount, _ kind: AssetKind, in workspace: Identifier<Workspace>, isShared: Bool, for caller: Caller
    ) throws -> MountedVersion {
        let asset = try asset(mount.asset, for: caller, .seeWorkspace)
        guard asset.workspace == workspace, asset.kind == kind else { throw WeirError.notFound(kind.rawValue) }
        guard !isShared || asset.visibility == .workspace else { throw WeirError.privateInShared(asset.id) }
        let found: AssetVersionRecord? =
            if let number = mount.version { try version(number, of: asset.id) } else {
                try latestVersion(of: asset.id)
            }
        guard let found else { throw WeirError.noVersion(asset.name, kind) }
        return MountedVersion(asset: asset.id, version: found.number, tree: found.tree)
    }
}

extension WeirError {
    static func mountsInUse(_ state: WorkloadState) -> WeirError {
        WeirError(
            "wrong_state", .conflict, subject: "state", rule: "DAT-12",
            LocalizedText(
                "The mounts of an environment change while it is stopped; its state is \(state.rawValue).",
                zh: "仅可在停止后更改开发环境的挂载；当前状态为 \(state.rawValue)。"),
            remedy: LocalizedText("Stop it, change the mounts, and start it again.", zh: "请先停止，更改挂载后再启动。"))
    }
}
