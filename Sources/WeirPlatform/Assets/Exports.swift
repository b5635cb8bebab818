public import WeirModel
public import WeirStore

/// Results of a project become versions in the libraries (PRJ-11).
public struct Exports: Sendable {
    let assets: Assets
    let files: FileStore
    let store: Store

    public enum Destination: Sendable {
        case asset(Identifier<Asset>)
        /// Made when there is none of this name.
        case named(String, AssetKind)
    }

    /// Makes a version of what a workload wrote to its /gemini/output, or of a part of it; of an environment, which shares the folder with
    /// the others of its project, all that lies there. Throws `balance_used_up`, `budget_reached`, `storage_quota`.
    public func export(
        of id: Identifier<Workload>, path: String = "", to destination: Destination, note: String = "",
        key: IdempotencyKey? = nil, by caller: Caller
    ) async throws -> (AssetRecord, AssetVersionRecord) {
        let workload = try await store.read { try $0.workload(id, for: caller, .createAsset) }
        let output: StoredFolder
        switch workload.kind {
        case .job, .service: output = .workloadOutput(workload.id, of: workload.project, in: workload.workspace)
        case .environment: output = .output(workload.project, in: workload.workspace)
        case .board: throw WeirError.notFound("workload")
        }
        return try await export(
            output, at: FilePath(path), origin: workload.id, in: workload.workspace, to: destination, note: note, key: key, by: caller)
    }

    /// The same of what stands at a path of a project's results, as environments see them: `jobs/ID` is what one job or service wrote.
    public func export(
        of id: Identifier<Project>, path: String = "", to destination: Destination, note: String = "",
        key: IdempotencyKey? = nil, by caller: Caller
    ) async throws -> (AssetRecord, AssetVersionRecord) {
        let path = try FilePath(path)
        let project = try await store.read { try $0.project(id, for: caller, .createAsset) }
        guard path.components.first == Projects.jobs else {
            return try await export(
                project.output, at: path, origin: nil, in: project.workspace, to: destination, note: note, key: key, by: caller)
        }
        let rest = try FilePath(path.components.dropFirst().joined(separator: "/"))
        let origin = try await store.read { db in
            try rest.components.first.flatMap { Identifier<Workload>($0) }.flatMap { try db.workload($0) }?.id
        }
        return try await export(
            project.jobs, at: rest, origin: origin, in: project.workspace, to: destination, note: note, key: key, by: caller)
    }

    private func export(
        _ output: StoredFolder, at path: FilePath, origin: Identifier<Workload>?, in workspace: Identifier<Workspace>,
        to destination: Destination, note: String, key: IdempotencyKey?, by caller: Caller
    ) async throws -> (AssetRecord, AssetVersionRecord) {
        let note = try Note.checked(note, field: "note")
        if let made = try await assets.version(madeUnder: key, by: caller) {
            return (try await assets.asset(made.asset, for: caller), made)
        }
        // Asked again in the transaction; here, so that nothing is made for what is refused.
        try await store.read { try assets.requireMoney(in: workspace, by: caller, $0) }
        guard try await files.measure(output, at: path).files > 0 else { throw WeirError.nothingToExport() }
        func exported(to target: Target) async throws -> (AssetRecord, AssetVersionRecord) {
            let version = try await assets.reservations.holding(target.asset.place(for: caller)) { hold in
                let frozen = try await assets.reservations.freeze(
                    output, at: path, as: assets.newTree(), for: hold, in: files, keeper: target.asset.soleKeeper)
                // In one step: whatever refuses the version leaves no empty asset behind.
                return try await store.write { db -> AssetVersionRecord in
                    if case .new(let asset) = target { try db.make(asset, by: caller) }
                    return try assets.addVersion(frozen, to: target.asset.id, note: note, origin: origin, key: key, by: caller, db)
                }
            }
            var asset = target.asset
            asset.latest = max(asset.latest, version.number)
            return (asset, version)
        }
        let target = try await resolved(destination, in: workspace, by: caller)
        do {
            return try await exported(to: target)
        } catch let error as WeirError where target.isNew && error.code == "name_taken" {
            // Another export was quicker: this one goes into the same asset.
            return try await exported(to: resolved(destination, in: workspace, by: caller))
        }
    }

    /// The asset that is to have the version.
    private enum Target: Sendable {
        case there(AssetRecord)
        /// It is made together with its first version.
        case new(AssetRecord)

        var asset: AssetRecord {
            switch self {
            case .there(let asset), .new(let asset): asset
            }
        }

        var isNew: Bool { if case .new = self { true } else { false } }
    }

    private func resolved(
        _ destination: Destination, in workspace: Identifier<Workspace>, by caller: Caller
    ) async throws -> Target {
        switch destination {
        case .asset(let id):
            let asset = try await assets.asset(id, for: caller, .changeDraft)
            guard asset.workspace == workspace else { throw WeirError.notFound("asset") }
            return .there(asset)
        case .named(let text, let kind):
            let name = try Name(text)
            if let asset = try await store.read({ try $0.asset(named: name, kind: kind, in: workspace, seenBy: caller.id) }) {
                return .there(try await assets.asset(asset.id, for: caller, .changeDraft))
            }
            return .new(try assets.prepared(kind, in: workspace, Assets.Description(name: text), by: caller))
        }
    }
}

extension WeirError {
    static func nothingToExport() -> WeirError {
        WeirError(
            "nothing_to_export", .conflict, subject: "path", rule: "PRJ-11",
            LocalizedText("There are no files at this path of the output.", zh: "该输出路径下没有文件。"),
            remedy: LocalizedText("Have the program write its results to /gemini/output.", zh: "请让程序将结果写入 /gemini/output。"))
    }
}
