import WeirModel
import WeirStore

/// Keeps the gateway's list of members like the store's, for the gateway asks on each request and cannot wait for it.
public actor Memberships {
    private let store: Store
    private let routes: RouteTable
    private var newest = 0

    init(store: Store, routes: RouteTable) {
        self.store = store
        self.routes = routes
    }

    // MARK: Logins

    /// Reads the logins that hold: once, before anybody logs in or out.
    func readLogins(at now: Timestamp) async throws {
        for login in try await store.read({ try $0.liveLogins(at: now) }) { routes.begin(login) }
    }

    nonisolated func begin(_ login: LiveLogin) { routes.begin(login) }
    nonisolated func end(_ login: LoginReference) { routes.end(login) }
    nonisolated func endSessions(of account: Identifier<Account>, but kept: Identifier<Session>? = nil) {
        routes.endSessions(of: account, but: kept)
    }

    /// Says when a login may have ended, or somebody may have come or gone in some workspace.
    nonisolated func changes() -> AsyncStream<Void> { routes.memberChanges() }

    // MARK: Members

    /// Reads the members of a workspace, or of all: at the start, and when an account is disabled.
    ///
    /// Of readings that overlap, only one that began last may be set; an older one begins anew.
    func refresh(_ workspace: Identifier<Workspace>? = nil) async throws {
        while true {
            newest += 1
            let own = newest
            let pairs = try await store.read { try $0.memberships(of: workspace) }
            guard own == newest else { continue }
            var members = Dictionary(grouping: pairs, by: \.1).mapValues { Set($0.map(\.0)) }
            if let workspace, members[workspace] == nil { members[workspace] = [] }
            for (workspace, accounts) in members { routes.setMembers(of: workspace, to: accounts) }
            return
        }
    }
}
