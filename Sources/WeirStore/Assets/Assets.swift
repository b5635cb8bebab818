import GRDB
public import WeirModel

public struct AssetRecord: Hashable, Sendable {
    public var id: Identifier<Asset>
    public var workspace: Identifier<Workspace>
    public var kind: AssetKind
    public var name: String
    public var description: String
    public var tags: [String]
    public var visibility: Visibility
    public var dataType: DataType?
    public var scenario: Scenario?
    /// Where the files stand; a flavor of the same zone needs no copying (DAT-16).
    public var zone: String
    public var createdBy: Identifier<Account>
    /// Who alone sees it while its visibility is `owner`: who made it, until it is handed over.
    public var keeper: Identifier<Account>
    public var createdAt: Timestamp
    public var changedAt: Timestamp
    /// The number of the newest version that is there; 0 where there is none.
    public var latest: Int

    public init(
        id: Identifier<Asset>, workspace: Identifier<Workspace>, kind: AssetKind, name: Name, description: String,
        tags: [String], visibility: Visibility, dataType: DataType?, scenario: Scenario?, zone: String,
        createdBy: Identifier<Account>, createdAt: Timestamp
    ) {
        self.id = id
        self.workspace = workspace
        self.kind = kind
        self.name = name.text
        self.description = description
        self.tags = tags
        self.visibility = visibility
        self.dataType = dataType
        self.scenario = scenario
        self.zone = zone
        self.createdBy = createdBy
        keeper = createdBy
        self.createdAt = createdAt
        changedAt = createdAt
        latest = 0
    }

    init(_ row: Row) throws {
        id = row["id"]
        workspace = row["workspace"]
        kind = try row.raw("kind")
        name = row["name"]
        description = row["description"]
        tags = try row.json("tags")
        visibility = try row.raw("visibility")
        dataType = row["data_type"] == nil ? nil : try row.raw("data_type")
        scenario = row["scenario"] == nil ? nil : try row.raw("scenario")
        zone = row["zone"]
        createdBy = row["created_by"]
        keeper = row["keeper"]
        createdAt = row["created_at"]
        changedAt = row["changed_at"]
        latest = row["newest"]
    }
}

extension Reading {
    public func asset(_ id: Identifier<Asset>) throws -> AssetRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM asset WHERE id = ? AND deleted_at IS NULL"), arguments: [id])
            .map(AssetRecord.init)
    }

    /// The assets of a kind that `viewer` may see: the workspace's, and those of the viewer alone (DAT-14, DAT-19).
    public func assets(
        in workspace: Identifier<Workspace>, kind: AssetKind, viewer: Identifier<Account>, named part: String?,
        dataType: DataType?, _ page: PageRequest
    ) throws -> Page<AssetRecord> {
        let order = KeysetOrder(page, name: "name_key")
        let (part, type) = (part?.lowercased(), dataType?.rawValue)
        return try Page(
            of: db.cachedStatement(
                sql: """
                    SELECT * FROM asset WHERE workspace = ? AND kind = ? AND deleted_at IS NULL AND \(order.condition)
                    AND (visibility = 'workspace' OR keeper = ?)
                    AND (? IS NULL OR instr(name_key, ?)) AND (? IS NULL OR data_type = ?)
                    ORDER BY \(order.terms) LIMIT ?
                    """),
            arguments: [workspace, kind.rawValue] + order.arguments + [viewer, part, part, type, type, page.limit + 1], request: page,
            in: order,
            AssetRecord.init)
    }

    /// The asset that somebody means by a name: what they keep to themselves goes before the workspace's.
    public func asset(
        named name: Name, kind: AssetKind, in workspace: Identifier<Workspace>, seenBy viewer: Identifier<Account>
    ) throws -> AssetRecord? {
        try assets(named: name, kind: kind, in: workspace, seenBy: viewer).first
    }

    fileprivate func assets(
        named name: Name, kind: AssetKind, in workspace: Identifier<Workspace>, seenBy viewer: Identifier<Account>
    ) throws -> [AssetRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM asset WHERE workspace = :workspace AND kind = :kind AND keeper = :viewer AND name_key = :name
                    AND deleted_at IS NULL AND visibility = 'owner'
                    UNION ALL
                    SELECT * FROM asset WHERE workspace = :workspace AND kind = :kind AND name_key = :name
                    AND deleted_at IS NULL AND visibility = 'workspace'
                    """),
            arguments: ["workspace": workspace, "kind": kind.rawValue, "name": name.key, "viewer": viewer]
        ).map(AssetRecord.init)
    }

    /// Datasets and models together.
    public func assetCount(in workspace: Identifier<Workspace>) throws -> Int {
        try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM asset INDEXED BY asset_list WHERE workspace = ? AND deleted_at IS NULL"),
            arguments: [workspace]) ?? 0
    }

    /// Those that a person made since then in all workspaces, deleted ones, too.
    public func assetsMade(by account: Identifier<Account>, since moment: Timestamp) throws -> Int {
        try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM asset INDEXED BY asset_maker WHERE created_by = ? AND created_at > ?"),
            arguments: [account, moment]) ?? 0
    }

    /// Those among some assets, deleted ones, too, of which `viewer` is not to know (DAT-14).
    public func assetsHidden(
        from viewer: Identifier<Account>, among assets: Set<Identifier<Asset>>
    ) throws -> Set<Identifier<Asset>> {
        guard !assets.isEmpty else { return [] }
        return Set(
            try Identifier<Asset>.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT id FROM asset WHERE id IN (SELECT value FROM json_each(?)) AND visibility = 'owner' AND keeper <> ?
                        """), arguments: [try jsonText(assets.map(\.text).sorted()), viewer]))
    }
}

extension Writing {
    /// Throws `name_taken` when who made it sees one of that name already (X17).
    public func insert(_ asset: AssetRecord, name: Name) throws {
        try requireFree(asset, name, for: asset.keeper)
        try db.execute(
            sql: """
                INSERT INTO asset (id, workspace, kind, name, name_key, description, tags, visibility, data_type,
                scenario, zone, created_by, keeper, created_at, changed_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                asset.id, asset.workspace, asset.kind.rawValue, name.text, name.key, asset.description,
                try jsonText(asset.tags), asset.visibility.rawValue, asset.dataType?.rawValue,
                asset.scenario?.rawValue, asset.zone, asset.createdBy, asset.keeper, asset.createdAt, asset.changedAt,
            ])
        try insertStorageUnit(.asset(asset.id), of: asset.workspace, in: nil, kind: asset.kind.storageKind)
    }

    /// Throws `name_taken` when whoever changes it sees another one of that name.
    public func update(_ asset: AssetRecord, name: Name, by actor: Identifier<Account>) throws {
        try requireFree(asset, name, for: actor)
        try db.execute(
            sql: """
                UPDATE asset SET name = ?, name_key = ?, description = ?, tags = ?, visibility = ?, data_type = ?,
                scenario = ?, changed_at = ? WHERE id = ?
                """,
            arguments: [
                name.text, name.key, asset.description, try jsonText(asset.tags), asset.visibility.rawValue,
                asset.dataType?.rawValue, asset.scenario?.rawValue, asset.changedAt, asset.id,
            ])
    }

    public func markDeleted(_ asset: Identifier<Asset>, at now: Timestamp) throws {
        try db.execute(sql: "UPDATE asset SET deleted_at = ? WHERE id = ?", arguments: [now, asset])
        try db.execute(
            sql: "UPDATE asset_version SET deleted_at = ? WHERE asset = ? AND deleted_at IS NULL",
            arguments: [now, asset])
        try removeStorageUnit(.asset(asset))
    }

    /// What others keep to themselves takes no name, for the refusal would tell of it.
    private func requireFree(_ asset: AssetRecord, _ name: Name, for actor: Identifier<Account>) throws {
        let others = try read.assets(named: name, kind: asset.kind, in: asset.workspace, seenBy: actor)
        guard others.allSatisfy({ $0.id == asset.id }) else { throw WeirError.nameTaken(asset.kind.rawValue, name.text) }
    }
}

extension AssetRecord {
    /// Whether somebody in the workspace may know of it (DAT-14).
    public func isSeen(by viewer: Identifier<Account>) -> Bool { visibility == .workspace || keeper == viewer }

    /// The only person who sees it; nil for what the workspace shares.
    public var soleKeeper: Identifier<Account>? { visibility == .owner ? keeper : nil }
}

extension AssetKind {
    /// What a kind of asset is counted and charged as (BIL-12).
    var storageKind: StorageKind {
        switch self {
        case .dataset: .datasets
        case .model: .models
        }
    }
}
