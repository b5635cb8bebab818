public import WeirModel
public import WeirStore

/// Who did what in a workspace (ADM-04).
public struct Audit: Sendable {
    private let store: Store

    public init(store: Store) { self.store = store }

    /// The newest first: starts and stops that somebody asked for, changes of quotas, and what was paid, given or put right.
    public func operations(
        in workspace: Identifier<Workspace>, of kind: OperationRecord.Kind?, by actor: Identifier<Account>? = nil, _ page: PageRequest,
        for caller: Caller
    ) async throws -> Page<OperationRecord> {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeWorkspace)
            return try db.operations(in: workspace, of: kind, by: actor, page)
        }
    }
}
