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

    /// Makes a version of what a workload wrote to its /gemini/output, or of a part of it. Throws `balance_used_up`, `budget_reached`.
    public func export(
        of id: Identifier<Workload>, path: String = "", to destination: Destination, note: String = "",
        key: IdempotencyKey? = nil, by caller: Caller
    ) async throws -> (AssetRecord, AssetVersionRecord) {
        let note = try Note.checked(note, field: "note")
        let path = try FilePath(path)
        let workload = try await store.read { try $0.workload(id, for: caller, .createAsset) }
        guard workload.kind == .job || workload.kind == .service else { throw WeirError.notFound("job") }
        if let made = try await assets.version(madeUnder: key, by: caller) {
            return (try await assets.asset(made.asset, for: caller), made)
        }
        // Asked again in the transaction; here, so that nothing is made for what is refused.
        try await store.read { try assets.requireRoom(in: workload.workspace, by: caller, $0) }
        let output = StoredFolder.workloadOutput(workload.id, of: workload.project, in: workload.workspace)
        guard try await files.measure(output, at: path).files > 0 else { throw WeirError.nothingToExport() }
        let asset = try await asset(destination, in: workload.workspace, by: caller)
        let version = try await assets.addVersion(
            to: asset, from: output, at: path, note: note, origin: workload.id, key: key, by: caller)
        return (asset, version)
    }

    private func asset(
        _ destination: Destination, in workspace: Identifier<Workspace>, by caller: Caller
    ) async throws -> AssetRecord {
        switch destination {
        case .asset(let id):
            let asset = try await assets.asset(id, for: caller, .changeDraft)
            guard asset.workspace == workspace else { throw WeirError.notFound("asset") }
            return asset
        case .named(let text, let kind):
            let name = try Name(text)
            if let asset = try await store.read({ try $0.asset(named: name, kind: kind, in: workspace, seenBy: caller.id) }) {
                return try await assets.asset(asset.id, for: caller, .changeDraft)
            }
            return try await assets.create(kind, in: workspace, Assets.Description(name: text), by: caller)
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
