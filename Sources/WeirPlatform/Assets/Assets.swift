public import WeirModel
public import WeirStore

/// The workspace's libraries of datasets and models: what is known of each (DAT-01, DAT-18..22, MOD-01).
public struct Assets: Sendable {
    let store: Store
    let clock: any WallClock
    let identifiers: any IdentifierSource
    let files: FileStore
    let zone: String
    let limits: Limits
    let sessions: UploadSessions
    let reservations: StorageReservations

    /// What a person says of an asset; what is nil stays as it is.
    public struct Description: Sendable {
        public var name: String?
        public var description: String?
        public var tags: [String]?
        public var visibility: Visibility?
        public var dataType: DataType?
        public var scenario: Scenario?
        /// Takes data type or scenario away.
        public var hasNoDataType = false
        public var hasNoScenario = false

        public init(
            name: String? = nil, description: String? = nil, tags: [String]? = nil, visibility: Visibility? = nil,
            dataType: DataType? = nil, scenario: Scenario? = nil
        ) {
            self.name = name
            self.description = description
            self.tags = tags
            self.visibility = visibility
            self.dataType = dataType
            self.scenario = scenario
        }
    }

    /// An empty set, into which files are uploaded next.
    public func create(
        _ kind: AssetKind, in workspace: Identifier<Workspace>, _ description: Description,
        key: IdempotencyKey? = nil, by caller: Caller
    ) async throws -> AssetRecord {
        let asset = try prepared(kind, in: workspace, description, by: caller)
        return try await store.write { db in
            if let made: Identifier<Asset> = try db.read.made(under: key, by: caller) {
                return try db.read.asset(made, for: caller, .seeWorkspace)
            }
            try db.make(asset, by: caller)
            try db.remember(asset.id.text, under: key, by: caller, at: asset.createdAt)
            return asset
        }
    }

    /// The record of one that is going to be made.
    func prepared(
        _ kind: AssetKind, in workspace: Identifier<Workspace>, _ description: Description, by caller: Caller
    ) throws -> AssetRecord {
        guard let text = description.name else { throw WeirError.missing("name") }
        let now = clock.now()
        return AssetRecord(
            id: identifiers.next(Asset.self, at: now), workspace: workspace, kind: kind, name: try Name(text),
            description: try Note.checked(description.description ?? ""), tags: try Tags.checked(description.tags ?? []),
            visibility: description.visibility ?? .workspace, dataType: description.dataType,
            scenario: description.scenario, zone: zone, createdBy: caller.id, createdAt: now)
    }

    public func list(
        _ kind: AssetKind, in workspace: Identifier<Workspace>, named part: String?, dataType: DataType?,
        _ page: PageRequest, for caller: Caller
    ) async throws -> Page<AssetRecord> {
        try await store.read { db in
            try db.role(of: caller, in: workspace, for: .seeWorkspace)
            return try db.assets(
                in: workspace, kind: kind, viewer: caller.id, named: part, dataType: dataType, page)
        }
    }

    public func asset(
        _ id: Identifier<Asset>, for caller: Caller, _ permission: Permission = .seeWorkspace
    ) async throws -> AssetRecord {
        try await store.read { try $0.asset(id, for: caller, permission) }
    }

    /// What workloads have mounted of which somebody is not to know (DAT-14).
    public func hidden(from caller: Caller, in workloads: [WorkloadRecord]) async throws -> Set<Identifier<Asset>> {
        let mounted = Set(workloads.flatMap { $0.spec.datasets + $0.spec.models }.map(\.asset))
        guard !mounted.isEmpty else { return [] }
        return try await store.read { try $0.assetsHidden(from: caller.id, among: mounted) }
    }

    public func edit(_ id: Identifier<Asset>, _ change: Description, by caller: Caller) async throws -> AssetRecord {
        let newName = try change.name.map { try Name($0) }
        let newDescription = try change.description.map { try Note.checked($0) }
        let newTags = try change.tags.map { try Tags.checked($0) }
        let now = clock.now()
        return try await store.write { db in
            let before = try db.read.asset(id, for: caller, .changeAsset)
            var asset = before
            let name = try newName ?? Name(asset.name)
            asset.name = name.text
            asset.description = newDescription ?? asset.description
            asset.tags = newTags ?? asset.tags
            if let visibility = change.visibility, visibility != asset.visibility {
                // Only who keeps it private could make it private: another would lock the maker out.
                guard asset.keeper == caller.id else { throw WeirError.forbiddenVisibility() }
                guard try visibility == .workspace || !db.read.isMountedInShared(asset.id) else { throw WeirError.assetMountedInShared() }
                asset.visibility = visibility
            }
            asset.dataType = change.hasNoDataType ? nil : change.dataType ?? asset.dataType
            asset.scenario = change.hasNoScenario ? nil : change.scenario ?? asset.scenario
            guard asset != before else { return asset }
            asset.changedAt = now
            try db.update(asset, name: name, by: caller.id)
            try db.record(.assetChanged, asset, renamedFrom: before.name, by: caller, at: now)
            return asset
        }
    }

    /// Deletes the asset with all its versions, its draft and its uploads, unless something that runs has one mounted. The Janitor frees
    /// the disk of the versions, and of what a crash left.
    /// - Parameter typed: its name, which who deletes another person's has to type (hostile 11).
    public func delete(_ id: Identifier<Asset>, typed: String?, by caller: Caller) async throws {
        let now = clock.now()
        let asset = try await store.write { db in
            let asset = try db.read.asset(id, for: caller, .deleteAsset)
            guard asset.createdBy == caller.id || typed == asset.name else { throw WeirError.nameNotTyped(asset.name) }
            try db.revokeUploadTokens(of: asset.id, at: now)
            guard try !db.read.mounts(asset.id, version: nil) else { throw WeirError.assetMounted() }
            try db.markDeleted(asset.id, at: now)
            try db.record(.assetDeleted, asset, by: caller, at: now)
            return asset
        }
        try await files.remove(asset.draft)
    }

    // MARK: Versions

    public func versions(
        of id: Identifier<Asset>, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<AssetVersionRecord> {
        try await store.read { db in
            let asset = try db.asset(id, for: caller, .seeWorkspace)
            return try db.versions(of: asset.id, page)
        }
    }

    public func version(
        _ number: Int, of id: Identifier<Asset>, for caller: Caller
    ) async throws -> AssetVersionRecord {
        try await store.read { db in
            let asset = try db.asset(id, for: caller, .seeWorkspace)
            guard let version = try db.version(number, of: asset.id) else { throw WeirError.notFound("version") }
            return version
        }
    }

    /// Frees what only this version holds (DAT-15).
    public func deleteVersion(_ number: Int, of id: Identifier<Asset>, by caller: Caller) async throws {
        let now = clock.now()
        try await store.write { db in
            let asset = try db.read.asset(id, for: caller, .changeDraft)
            guard let version = try db.read.version(number, of: asset.id) else { throw WeirError.notFound("version") }
            // Who made a version of a colleague's dataset may take it back.
            if version.createdBy != caller.id { _ = try db.read.asset(id, for: caller, .deleteAsset) }
            guard try !db.read.mounts(asset.id, version: number) else { throw WeirError.assetMounted() }
            try db.markDeleted(version: number, of: asset.id, at: now)
            try db.record(.versionDeleted, asset, after: "V\(number)", by: caller, at: now)
        }
    }
}

extension Writing {
    /// Writes the record of a new asset. Throws `name_taken`, `too_many_assets`, `made_too_many`.
    func make(_ asset: AssetRecord, by caller: Caller) throws {
        try read.role(of: caller, in: asset.workspace, for: .createAsset)
        try read.requireOpen(asset.workspace)
        try Makings.standard.requireAsset(in: asset.workspace, by: caller.id, at: asset.createdAt, read)
        try insert(asset, name: Name(asset.name))
        try record(.assetCreated, asset, by: caller, at: asset.createdAt)
    }
}

extension WeirError {
    /// Nobody deletes in passing what another person made.
    static func nameNotTyped(_ name: String) -> WeirError {
        WeirError(
            "name_not_typed", .conflict, subject: "confirm", rule: "IDW-08",
            LocalizedText(
                "Another person made \"\(name)\": to delete it with all that is in it, type its name.",
                zh: "“\(name)”由他人创建：请输入其名称，以确认连同其中内容一并删除。"),
            remedy: LocalizedText("Send the name as `confirm`.", zh: "请在 `confirm` 中提供该名称。"))
    }

    static func assetMounted() -> WeirError {
        WeirError(
            "asset_mounted", .conflict, subject: "asset", rule: "DAT-15",
            LocalizedText("A workload that is running or waiting has this mounted.", zh: "有运行中或排队中的任务正在挂载此数据。"),
            remedy: LocalizedText("Stop that workload first.", zh: "请先停止该任务。"))
    }

    static func assetMountedInShared() -> WeirError {
        WeirError(
            "asset_mounted", .conflict, subject: "visibility", rule: "DAT-14",
            LocalizedText(
                "Something that others enter is running or waiting and has this mounted.", zh: "有运行中或排队中的共享资源正在挂载此数据，空间成员可以看到其内容。"),
            remedy: LocalizedText("Stop that first.", zh: "请先停止该资源。"))
    }

    static func forbiddenVisibility() -> WeirError {
        WeirError(
            "forbidden", .forbidden, subject: "visibility", rule: "DAT-14",
            LocalizedText("Only who made the asset changes who sees it.", zh: "只有创建者可以修改可见范围。"))
    }
}
