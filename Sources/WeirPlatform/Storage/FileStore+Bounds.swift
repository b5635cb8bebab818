public import WeirEngine
public import WeirModel
import WeirStore

extension FileStore {
    /// Where the kernel refuses what a storage quota should have kept out: well above it. What was deleted takes its space until the next
    /// sweep, a file system takes some for itself, and Weir's own ways in count exactly and say why they refuse.
    static func bound(of quota: Bytes) -> Bytes { Bytes(min(quota.count, .max / 4) * 2) + .gib(1) }

    /// From now on the kernel refuses what goes above it, whoever writes; nil for what the disk has.
    public func setBound(_ bound: Bytes?, of volume: StorageVolume) async throws {
        try await blocking { try wall.setBound(bound, of: volume) }
    }

    /// How much of its bound a volume has taken; nil where nothing bounds it.
    public func use(of volume: StorageVolume) async throws -> VolumeUse? {
        try await blocking { wall.use(of: volume) }
    }

    /// The storage quota of a workspace bounds what containers write as it bounds uploads (STO-11). Read anew, so that of several changes
    /// the last one holds.
    func applyQuota(of workspace: Identifier<Workspace>, in store: Store) async throws {
        let quota = try await store.read { try $0.allowance(of: .workspace, in: workspace)?.allowance.quota.storage }
        try await setBound(quota.map(Self.bound), of: .workspace(workspace))
    }

    /// At every start, before anything is opened.
    func applyQuotas(in store: Store) async throws {
        let quotas = try await store.read { try $0.allowances() }.filter { $0.scope == .workspace }
        for record in quotas {
            try await setBound(record.allowance.quota.storage.map(Self.bound), of: .workspace(record.workspace))
        }
    }
}
