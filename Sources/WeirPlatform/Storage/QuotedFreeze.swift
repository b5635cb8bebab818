import WeirModel
import WeirStore

extension StorageReservations {
    /// Makes an immutable tree of a live folder, for a unit that is going to have it. Content that it has already, down to its time, adds
    /// nothing to it: where there is no room for all, it is looked at how much is new. Throws `storage_quota`; then there is no tree.
    func freeze(
        _ folder: StoredFolder, at path: FilePath = .root, as tree: TreeName, for hold: StorageHold, in files: FileStore,
        keeper: Identifier<Account>? = nil
    ) async throws -> FrozenTree {
        let workspace = hold.place.workspace
        let expected = try await files.measure(folder, at: path).size
        do {
            try await hold.grow(by: expected)
        } catch let error as WeirError where error.code == WeirError.storageQuotaCode {
            // No more is copied than there is room for.
            let frozen = try await files.freeze(folder, at: path, as: tree, in: workspace, keeper: keeper) {
                try hold.growNow(by: Bytes($0))
            }
            return try await keeping(frozen, hold, files) { try await rise(of: hold.place.unit, in: workspace, with: tree) }
        }
        let frozen = try await files.freeze(folder, at: path, as: tree, in: workspace, keeper: keeper)
        return try await keeping(frozen, hold, files) { frozen.size }
    }

    private func keeping(
        _ frozen: FrozenTree, _ hold: StorageHold, _ files: FileStore, _ size: () async throws -> Bytes
    ) async throws -> FrozenTree {
        do {
            let size = try await size()
            try await hold.grow(by: max(0, size - hold.bytes))
            hold.settle(at: size)
            return frozen
        } catch {
            try await files.remove(.tree(frozen.tree, in: hold.place.workspace))
            throw error
        }
    }
}
