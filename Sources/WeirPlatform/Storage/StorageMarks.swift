import Synchronization
import WeirModel
import WeirStore

/// Knows which units of storage are being changed or measured in this process, and marks them in the store before they change.
///
/// A figure stands for a unit only when nothing was changing it from before its measuring began until after it ended. The store's count
/// of changes covers what transactions change and what a killed process had begun; what goes on in this process is known here. So a
/// change that follows many others costs no transaction until the unit is measured again.
final class StorageMarks: FolderChanges {
    private struct State {
        var changing: [StorageUnit: Int] = [:]
        /// Marked in the store, and not measured since.
        var marked: Set<StorageUnit> = []
        /// Being measured, and whether a change began meanwhile.
        var measuring: [StorageUnit: Bool] = [:]
    }

    private let state = Mutex(State())
    private let store: Store

    init(store: Store) { self.store = store }

    func changing<Result: Sendable>(
        _ folder: StoredFolder, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        guard let unit = folder.storageUnit else { return try await body() }
        let isMarked = state.withLock { state in
            state.changing[unit, default: 0] += 1
            if state.measuring[unit] != nil { state.measuring[unit] = true }
            return state.marked.contains(unit)
        }
        defer {
            state.withLock { state in
                let left = (state.changing[unit] ?? 1) - 1
                state.changing[unit] = left > 0 ? left : nil
            }
        }
        if !isMarked {
            try await store.write { try $0.markChanged(unit) }
            _ = state.withLock { $0.marked.insert(unit) }
        }
        return try await body()
    }

    /// Before the store's count is read and the folder walked. Gives whether something is changing the unit.
    func beginMeasuring(_ unit: StorageUnit) -> Bool {
        state.withLock { state in
            state.measuring[unit] = false
            return state.changing[unit] != nil
        }
    }

    /// After the walk, and before its figure is written. Gives whether a change began meanwhile; when `isStill` and none did, later
    /// changes are marked in the store again.
    func endMeasuring(_ unit: StorageUnit, isStill: Bool) -> Bool {
        state.withLock { state in
            let wasChanged = state.measuring.removeValue(forKey: unit) ?? true
            if isStill, !wasChanged { state.marked.remove(unit) }
            return wasChanged
        }
    }
}

extension StoredFolder {
    /// The unit of which the folder is a part; nil for what is not counted by folders.
    var storageUnit: StorageUnit? {
        switch self {
        case .draft(let asset, _): .asset(asset)
        case .code(let project, _): .code(project)
        case .output(let project, _): .output(project)
        case .workloadOutput(let workload, _, _): .result(workload)
        case .home(let account): .home(account)
        case .netdisk(let account): .netdisk(account)
        case .sharedHome(let workspace): .sharedHome(workspace)
        case .sharedNetdisk(let workspace): .sharedNetdisk(workspace)
        case .tree, .jobs: nil
        }
    }
}
