/// Who is told before files of a folder change, so that what was counted of it is counted again.
protocol FolderChanges: Sendable {
    /// Runs `body`, which changes the folder. When this process is killed on the way, the change is known of all the same.
    func changing<Result: Sendable>(
        _ folder: StoredFolder, _ body: @Sendable () async throws -> Result
    ) async throws -> Result
}

/// For a store of files that nobody counts.
struct UncountedChanges: FolderChanges {
    func changing<Result: Sendable>(
        _ folder: StoredFolder, _ body: @Sendable () async throws -> Result
    ) async throws -> Result { try await body() }
}

extension FileStore {
    /// The same files, whose changes are told to `changes`.
    func telling(_ changes: any FolderChanges) -> FileStore {
        var store = self
        store.changes = changes
        return store
    }

    /// For a change of a folder that consists of several calls, or of a call that does not name it.
    func changing<Result: Sendable>(
        _ folder: StoredFolder, _ body: @Sendable () async throws -> Result
    ) async throws -> Result { try await changes.changing(folder, body) }
}
