public import WeirModel
public import WeirStore

/// What happens in a workspace, from any position on, as it happens.
public struct Events: Sendable {
    let store: Store
    let signals: WorkloadSignals

    /// The transitions after a position; from now on when it is nil.
    public func follow(
        _ workspace: Identifier<Workspace>, after position: Int64?, for caller: Caller
    ) async throws -> EventSequence {
        let changes = signals.changes(in: workspace)
        let last = try await store.read { db in
            try db.role(of: caller, in: workspace, for: .seeWorkspace)
            return try position ?? db.lastTransition()
        }
        return EventSequence(store: store, workspace: workspace, caller: caller, changes: changes, last: last)
    }
}

/// Transitions in portions, without end. To be iterated once.
public struct EventSequence: AsyncSequence, Sendable {
    static let mostAtOnce = 500
    let store: Store
    let workspace: Identifier<Workspace>
    let caller: Caller
    let changes: AsyncStream<Void>
    let last: Int64

    public func makeAsyncIterator() -> Iterator {
        Iterator(sequence: self, changes: changes.makeAsyncIterator(), last: last)
    }

    public struct Iterator: AsyncIteratorProtocol {
        let sequence: EventSequence
        var changes: AsyncStream<Void>.Iterator
        var last: Int64
        var mayBeMore = true

        /// The role is asked again before each portion, so that who is no longer a member hears no more.
        public mutating func next() async throws -> [TransitionRecord]? {
            let (caller, workspace) = (sequence.caller, sequence.workspace)
            while true {
                if !mayBeMore, await changes.next() == nil { return nil }
                let after = last
                let news = try await sequence.store.read { db in
                    try db.role(of: caller, in: workspace, for: .seeWorkspace)
                    return try db.transitions(in: workspace, after: after, limit: EventSequence.mostAtOnce)
                }
                mayBeMore = news.count == EventSequence.mostAtOnce
                guard let newest = news.last else { continue }
                last = newest.sequence
                return news
            }
        }
    }
}
