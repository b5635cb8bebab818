public import WeirModel
public import WeirStore

/// What is being uploaded, until it is confirmed to a version (DAT-05, DAT-06, MOD-04).
extension Assets {
    /// The draft's files. With `.changeDraft` a draft that is not there begins as a copy of the latest version, which
    /// shares its bytes; without, there is then nothing to see.
    public func draft(
        of id: Identifier<Asset>, for caller: Caller, _ permission: Permission
    ) async throws -> StoredFolder {
        let (asset, latest) = try await store.read { db in
            let asset = try db.asset(id, for: caller, permission)
            return (asset, try db.latestVersion(of: asset.id))
        }
        if permission == .changeDraft { try await beginDraft(of: asset, from: latest?.tree) }
        return asset.draft
    }

    /// The files that a look at the draft shows: its own, or while there is none, those that it would begin with. Nil where there are none.
    public func draftShown(of id: Identifier<Asset>, for caller: Caller) async throws -> StoredFolder? {
        let (asset, latest) = try await store.read { db in
            let asset = try db.asset(id, for: caller, .seeWorkspace)
            return (asset, try db.latestVersion(of: asset.id))
        }
        if try await files.exists(asset.draft) { return asset.draft }
        return latest.map { .tree($0.tree, in: asset.workspace) }
    }

    /// The draft for what adds to it: refused while the balance is used up (BIL-18), and by a full quota.
    public func draftForUpload(of id: Identifier<Asset>, for caller: Caller) async throws -> StoredFolder {
        try await intake(of: id, for: caller).folder
    }

    /// The way into the draft. Throws `balance_used_up`, `budget_reached`, `storage_quota`.
    public func intake(of id: Identifier<Asset>, for caller: Caller) async throws -> Intake {
        let asset = try await store.read { db in
            let asset = try db.asset(id, for: caller, .changeDraft)
            try requireMoney(in: asset.workspace, by: caller, db)
            return asset
        }
        let place = asset.place(for: caller)
        try await reservations.requireRoom(at: place)
        let folder = try await draft(of: id, for: caller, .changeDraft)
        return Intake(
            folder: folder, place: place, files: files, reservations: reservations, turn: DraftTurn(asset: asset, assets: self))
    }

    /// Throws `balance_used_up`, `budget_reached`.
    func requireMoney(in workspace: Identifier<Workspace>, by caller: Caller, _ db: Reading) throws {
        try limits.check(.upload, in: workspace, project: nil, by: caller.id, db)
    }

    /// Begins a draft that is not there with the newest version.
    func beginDraft(of asset: AssetRecord) async throws {
        let latest = try await store.read { try $0.latestVersion(of: asset.id) }
        try await beginDraft(of: asset, from: latest?.tree)
    }

    func beginDraft(of asset: AssetRecord, from tree: TreeName?) async throws {
        guard try await !files.exists(asset.draft) else { return }
        guard let tree else {
            _ = try await files.make(asset.draft)
            return
        }
        do {
            try await files.seedDraft(of: asset.id, from: tree, in: asset.workspace)
        } catch let error as WeirError where error.code == "draft_exists" {
            // Another request was quicker.
        }
    }

    /// The draft with all that was uploaded into it is gone; the next one begins with the latest version again.
    public func discardDraft(of id: Identifier<Asset>, by caller: Caller) async throws {
        let asset = try await asset(id, for: caller, .deleteAsset)
        try await sessions.confirming(asset.id) { try await files.remove(asset.draft) }
        let now = clock.now()
        try await store.write { try $0.record(.draftDiscarded, asset, by: caller, at: now) }
    }

    /// Makes the draft an immutable version (DAT-06). It is kept from then on, so it is refused while the balance is used up (BIL-18).
    public func confirm(
        _ id: Identifier<Asset>, note: String = "", key: IdempotencyKey? = nil, by caller: Caller
    ) async throws -> AssetVersionRecord {
        let note = try Note.checked(note, field: "note")
        let asset = try await asset(id, for: caller, .changeDraft)
        if let made = try await version(madeUnder: key, by: caller) { return made }
        try await store.read { try requireMoney(in: asset.workspace, by: caller, $0) }
        return try await sessions.confirming(asset.id) {
            guard try await files.exists(asset.draft), try await files.measure(asset.draft).files > 0 else {
                throw WeirError.emptyDraft()
            }
            let tree = newTree()
            // The draft's files become the version's: nothing is added that is not kept already, so a full quota lets it pass.
            let frozen = try await files.freeze(asset.draft, as: tree, in: asset.workspace, keeper: asset.soleKeeper)
            let version = try await addVersion(frozen, to: asset, note: note, origin: nil, key: key, by: caller)
            try await files.remove(asset.draft)
            let now = clock.now()
            try await store.write { try $0.revokeUploadTokens(of: asset.id, at: now) }
            return version
        }
    }

    func newTree() -> TreeName { TreeName(identifiers.next(Tree.self, at: clock.now())) }

    /// The tree is on the disk before the record says so; one without a record is collected later.
    func addVersion(
        _ frozen: FrozenTree, to asset: AssetRecord, note: String, origin: Identifier<Workload>?, key: IdempotencyKey?, by caller: Caller
    ) async throws -> AssetVersionRecord {
        try await store.write { try addVersion(frozen, to: asset.id, note: note, origin: origin, key: key, by: caller, $0) }
    }

    func addVersion(
        _ frozen: FrozenTree, to id: Identifier<Asset>, note: String, origin: Identifier<Workload>?, key: IdempotencyKey?,
        by caller: Caller, _ db: Writing
    ) throws -> AssetVersionRecord {
        let now = clock.now()
        let asset = try db.read.asset(id, for: caller, .changeDraft)
        try requireMoney(in: asset.workspace, by: caller, db.read)
        var version = AssetVersionRecord(
            asset: asset.id, number: 0, tree: frozen.tree, size: frozen.size, added: frozen.added, files: frozen.files,
            note: note, origin: origin, createdBy: caller.id, createdAt: now)
        version.number = try db.insertNext(version)
        try db.remember("\(asset.id)/\(version.number)", under: key, by: caller, at: now)
        try db.record(.versionConfirmed, asset, after: "V\(version.number)", by: caller, at: now)
        return version
    }

    /// The version that the same request made before.
    func version(madeUnder key: IdempotencyKey?, by caller: Caller) async throws -> AssetVersionRecord? {
        try await store.read { db in
            guard let parts = try db.made(under: key, by: caller)?.split(separator: "/"), parts.count == 2,
                let asset = Identifier<Asset>(String(parts[0])), let number = Int(parts[1])
            else { return nil }
            _ = try db.asset(asset, for: caller, .seeWorkspace)
            return try db.version(number, of: asset)
        }
    }

    /// The files of a version.
    public func tree(of number: Int, of id: Identifier<Asset>, for caller: Caller) async throws -> StoredFolder {
        let (asset, version) = try await (asset(id, for: caller), version(number, of: id, for: caller))
        return .tree(version.tree, in: asset.workspace)
    }
}

extension AssetRecord {
    var draft: StoredFolder { .draft(id, in: workspace) }

    func place(for caller: Caller) -> StoragePlace {
        StoragePlace(unit: .asset(id), workspace: workspace, account: keeper, caller: caller.id)
    }
}

/// The turn of what comes into a draft: while it lasts, the draft is there, with the files that it began with, and no version is made of
/// it. A transfer that ends after a version was made, or the draft discarded, comes into the next one, and nothing of that is lost.
struct DraftTurn: Sendable {
    let asset: AssetRecord
    let assets: Assets

    /// Throws `draft_being_confirmed`.
    func taking<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try assets.sessions.enter(asset.id)
        return try await inside(body)
    }

    /// The same for what has come already.
    func placing<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        try await assets.sessions.enterWhenFree(asset.id)
        return try await inside(body)
    }

    private func inside<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        defer { assets.sessions.leave(asset.id) }
        try await assets.beginDraft(of: asset)
        return try await body()
    }
}

extension FileStore {
    public func exists(_ folder: StoredFolder) async throws -> Bool {
        do {
            _ = try await list(folder, limit: 1)
            return true
        } catch let error as WeirError where error.code == "not_found" {
            return false
        }
    }
}

extension WeirError {
    static func emptyDraft() -> WeirError {
        WeirError(
            "empty_draft", .conflict, subject: "draft", rule: "DAT-06",
            LocalizedText("There is nothing in the draft to make a version of.", zh: "草稿为空，无法生成版本。"),
            remedy: LocalizedText("Upload files first.", zh: "请先上传文件。"))
    }
}
