import Logging
import WeirModel
import WeirStore

/// Deletes what lies above the free amount of a workspace in arrears: unfinished uploads, drafts, outputs of ended jobs and services,
/// then versions of datasets and models; of each the oldest first, and the latest version of an asset after all others.
///
/// What is larger than what is still too much is passed over, so that never less than the free amount is left. Code, images, the
/// results of environments, homes and netdisks are never deleted. What is left above the free amount goes on being charged, and its
/// 60 days begin anew.
struct ArrearsCleaning: Sendable {
    /// Of each kind in one round; the next hour goes on.
    static let most = 500

    let store: Store
    let files: FileStore
    let clock: any WallClock
    let accounting: StorageAccounting
    let logger: Logger

    /// One thing that may go.
    private struct Item: Sendable {
        let id: String
        let name: String
        /// Who alone may read of it; nil for everybody in the workspace (DAT-14).
        let keeper: Identifier<Account>?
        /// What the disk gets back, measured when it is the item's turn.
        let bytes: @Sendable () async throws -> Bytes
        /// What is deleted in the transaction that writes it down.
        let inStore: @Sendable (Writing) throws -> Void
        /// What is deleted after it.
        let onDisk: @Sendable () async throws -> Void
        /// What its deletion changes.
        let unit: StorageUnit
    }

    func clean(_ workspace: Identifier<Workspace>, free: Bytes) async throws {
        var total: Bytes = 0
        var isComplete = true
        for candidates in [uploads, drafts, results, versions] {
            let items = try await candidates(workspace)
            if items.count == Self.most { isComplete = false }
            for item in items {
                try Task.checkCancellation()
                let excess = ArrearsDeletion.deletable(
                    held: try await store.read { try $0.libraryHeld(by: workspace) }, free: free)
                guard excess > 0 else { break }
                let bytes = try await item.bytes()
                guard bytes > 0, bytes <= excess else { continue }
                guard try await delete(item, bytes, of: workspace) else { return }
                try await accounting.measure(item.unit)
                total += bytes
            }
        }
        let (now, deleted, mayEnd) = (clock.now(), total, isComplete || total == 0)
        try await store.write { db in
            guard let record = try db.read.arrearsDeletion(of: workspace) else { return }
            if deleted > 0 {
                try db.addNotice(
                    "data_deleted", key: "deleted/\(workspace)/\(record.since)/\(now)", to: workspace, .deleted(deleted), at: now)
            }
            if mayEnd { try db.endArrearsDeletion(of: workspace) }
        }
        logger.notice(
            "deleted data above the free amount after arrears",
            metadata: ["workspace": "\(workspace)", "bytes": "\(total.count)"])
    }

    /// False when it may not be any more: recharged, or the approval taken back.
    private func delete(_ item: Item, _ bytes: Bytes, of workspace: Identifier<Workspace>) async throws -> Bool {
        let now = clock.now()
        let isDeleted = try await store.write { db -> Bool in
            guard let record = try db.read.arrearsDeletion(of: workspace), record.rule.step(now: now) == .mayDelete,
                let approver = record.approvedBy, try db.read.balance(of: workspace).usedUpSince != nil
            else { return false }
            try db.noteDeleted(
                item.id, name: item.name, keeper: item.keeper, bytes: bytes, under: record, by: approver, at: now)
            try item.inStore(db)
            return true
        }
        if isDeleted { try await item.onDisk() }
        return isDeleted
    }

    // MARK: What may go, the oldest first

    private func uploads(_ workspace: Identifier<Workspace>) async throws -> [Item] {
        try await store.read { try $0.uploads(in: workspace, most: Self.most) }.map { upload in
            let stored = StoredUpload(upload.id, in: workspace)
            return Item(
                id: "upload/\(upload.id)", name: upload.path, keeper: upload.account,
                bytes: { Bytes(try await files.weigh([], uploads: [stored]).bytes) }, inStore: { try $0.remove(upload.id) },
                onDisk: { try await files.discard(stored) }, unit: upload.unit)
        }
    }

    private func drafts(_ workspace: Identifier<Workspace>) async throws -> [Item] {
        try await store.read { try $0.assets(in: workspace, most: Self.most) }.map { asset in
            let unit = StorageUnit.asset(asset.id)
            return Item(
                id: "draft/\(asset.id)", name: asset.name, keeper: asset.visibility == .owner ? asset.keeper : nil,
                bytes: {
                    guard let plan = try await store.read({ try $0.storagePlan(of: unit) }) else { return 0 }
                    let without = try await files.weigh(
                        plan.trees.map { .tree($0, in: workspace) }, uploads: plan.uploads.map { StoredUpload($0, in: workspace) })
                    return try await accounting.difference(plan, without)
                }, inStore: { _ in }, onDisk: { try await files.discardDraft(of: asset.id, in: workspace) }, unit: unit)
        }
    }

    private func results(_ workspace: Identifier<Workspace>) async throws -> [Item] {
        try await store.read { try $0.endedResults(in: workspace, most: Self.most) }.map { workload, project, name, _ in
            let folder = StoredFolder.workloadOutput(workload, of: project, in: workspace)
            return Item(
                id: "result/\(workload)", name: name, keeper: nil, bytes: { Bytes(try await files.weigh([folder]).bytes) },
                inStore: { _ in }, onDisk: { try await files.remove(folder) }, unit: .result(workload))
        }
    }

    private func versions(_ workspace: Identifier<Workspace>) async throws -> [Item] {
        try await store.read { try $0.versionsByAge(in: workspace, most: Self.most) }.map { name, keeper, version in
            let unit = StorageUnit.asset(version.asset)
            return Item(
                id: "version/\(version.asset)/\(version.number)", name: "\(name) v\(version.number)", keeper: keeper,
                bytes: {
                    let (plan, isMounted) = try await store.read { db in
                        (try db.storagePlan(of: unit), try db.mounts(version.asset, version: version.number))
                    }
                    guard let plan, !isMounted else { return 0 }
                    return try await accounting.difference(plan, accounting.weigh(plan, without: version.tree))
                },
                inStore: { db in
                    guard try !db.read.mounts(version.asset, version: version.number) else { throw WeirError.assetMounted() }
                    try db.markDeleted(version: version.number, of: version.asset, at: clock.now())
                }, onDisk: {}, unit: unit)
        }
    }
}

extension LocalizedText {
    fileprivate static func deleted(_ size: Bytes) -> LocalizedText {
        LocalizedText(
            "\(size) above the free amount were deleted after 60 days in arrears. What was deleted is listed with the storage.",
            zh: "欠费 60 天后，已删除超出免费额度的 \(size) 数据。删除清单见存储页面。")
    }
}
