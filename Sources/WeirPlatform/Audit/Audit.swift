public import WeirModel
public import WeirStore

/// Who did what in a workspace, or anywhere (ADM-04).
public struct Audit: Sendable {
    private let store: Store

    public init(store: Store) { self.store = store }

    /// The newest first: what somebody started, stopped, made, changed or deleted, quotas, and what was paid, given or put right. Of a
    /// person: those by whoever has this login.
    public func operations(
        in workspace: Identifier<Workspace>, of kind: OperationRecord.Kind?, by login: String? = nil, _ page: PageRequest,
        for caller: Caller
    ) async throws -> Page<OperationRecord> {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeWorkspace)
            return try db.operations(workspace, kind, by: login, page, viewer: caller.id)
        }
    }

    /// Those of every workspace, and the installation's own, for the operator; of what people keep to themselves there are none.
    public func all(
        of kind: OperationRecord.Kind?, by login: String? = nil, _ page: PageRequest, for caller: Caller
    ) async throws -> Page<OperationRecord> {
        try caller.requireOperator()
        return try await store.read { try $0.operations(nil, kind, by: login, page, viewer: caller.id) }
    }
}

extension Reading {
    fileprivate func operations(
        _ workspace: Identifier<Workspace>?, _ kind: OperationRecord.Kind?, by login: String?, _ page: PageRequest,
        viewer: Identifier<Account>
    ) throws -> Page<OperationRecord> {
        var filter = OperationFilter(workspace: workspace, kind: kind, viewer: viewer)
        if let login {
            guard let person = try account(login: login) else { return Page(items: [], next: nil) }
            filter.actor = person.id
        }
        return try operations(filter, page)
    }
}
