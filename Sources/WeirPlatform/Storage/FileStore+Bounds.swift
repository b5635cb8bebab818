public import WeirEngine
public import WeirModel
import WeirStore

extension FileStore {
    /// How far the kernel's bound stands above a storage quota. A file system takes space for itself, such as its journal, and Weir's own
    /// ways in count exactly and say why they refuse: they come first.
    static let aboveQuota: Bytes = .mib(128)

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
        try await setBound(quota.map { $0 + Self.aboveQuota }, of: .workspace(workspace))
    }

    /// At every start, before anything is opened.
    func applyQuotas(in store: Store) async throws {
        let quotas = try await store.read { try $0.allowances() }.filter { $0.scope == .workspace }
        for record in quotas {
            try await setBound(record.allowance.quota.storage.map { $0 + Self.aboveQuota }, of: .workspace(record.workspace))
        }
    }
}
