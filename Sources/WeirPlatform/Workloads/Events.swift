public import WeirModel
public import WeirStore

/// What happens in a workspace, from any position on, as it happens.
public struct Events: Sendable {
    let store: Store
    let signals: WorkloadSignals

    /// The transitions after a position, from now on when it is nil; and the notices from now on.
    public func follow(
        _ workspace: Identifier<Workspace>, after position: Int64?, for caller: Caller
    ) async throws -> EventSequence {
        let changes = signals.changes(in: workspace)
        let (last, notice) = try await store.read { db in
            try db.role(of: caller, in: workspace, for: .seeWorkspace)
            return (try position ?? db.lastTransition(), try db.lastNotice())
        }
        return EventSequence(
            store: store, workspace: workspace, caller: caller, changes: changes, lastTransition: last, lastNotice: notice)
    }

    /// Throws when the caller may not follow the workspace.
    public func requireFollowing(_ workspace: Identifier<Workspace>, for caller: Caller) async throws {
        _ = try await store.read { try $0.role(of: caller, in: workspace, for: .seeWorkspace) }
    }
}

/// What became known at once: each in the order in which it happened.
public struct WorkspaceNews: Sendable {
    public var transitions: [TransitionRecord] = []
    /// About money (BIL-18); only for those who may see it.
    public var notices: [NoticeRecord] = []

    var isEmpty: Bool { transitions.isEmpty && notices.isEmpty }
}

/// News in portions, without end. To be iterated once.
public struct EventSequence: AsyncSequence, Sendable {
    static let mostAtOnce = 500
    let store: Store
    let workspace: Identifier<Workspace>
    let caller: Caller
    let changes: AsyncStream<Void>
    let lastTransition: Int64
    let lastNotice: Int64

    public func makeAsyncIterator() -> Iterator {
        Iterator(sequence: self, changes: changes.makeAsyncIterator(), lastTransition: lastTransition, lastNotice: lastNotice)
    }

    public struct Iterator: AsyncIteratorProtocol {
        let sequence: EventSequence
        var changes: AsyncStream<Void>.Iterator
        var lastTransition: Int64
        var lastNotice: Int64
        var mayBeMore = true

        /// The role is asked again before each portion, so that who is no longer a member hears no more.
        public mutating func next() async throws -> WorkspaceNews? {
            let (caller, workspace) = (sequence.caller, sequence.workspace)
            while true {
                if !mayBeMore, await changes.next() == nil { return nil }
                let (transition, notice) = (lastTransition, lastNotice)
                let news = try await sequence.store.read { db in
                    try db.role(of: caller, in: workspace, for: .seeWorkspace)
                    let most = EventSequence.mostAtOnce
                    return WorkspaceNews(
                        transitions: try db.transitions(in: workspace, after: transition, limit: most),
                        notices: try db.allows(.seeBilling, to: caller, in: workspace)
                            ? db.notices(of: workspace, after: notice, limit: most) : [])
                }
                mayBeMore = Swift.max(news.transitions.count, news.notices.count) == EventSequence.mostAtOnce
                lastTransition = news.transitions.last?.sequence ?? lastTransition
                lastNotice = news.notices.last?.sequence ?? lastNotice
                if !news.isEmpty { return news }
            }
        }
    }
}
