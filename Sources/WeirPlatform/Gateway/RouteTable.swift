import Synchronization
public import WeirModel

/// Where the gateway sends what comes in, and who may enter: the platform writes, event loops read at every request.
///
/// Reading takes a lock for one dictionary look-up; nothing under the lock waits.
public final class RouteTable: Sendable {
    private let state = Mutex(State())
    private let clock: any WallClock
    /// Notes who was seen where, as requests go through the gateways.
    public let activity: WorkloadActivity

    public init(clock: any WallClock) {
        self.clock = clock
        activity = WorkloadActivity(clock: clock)
    }

    private struct State {
        var tools: [Identifier<Workload>: [String: ToolRoute]] = [:]
        var ports: [Int: OpenPort] = [:]
        var members: [Identifier<Workspace>: Set<Identifier<Account>>] = [:]
        var logins: [LoginReference: LiveLogin] = [:]
        var watchers: [Int: AsyncStream<Void>.Continuation] = [:]
        var memberWatchers: [Int: AsyncStream<Void>.Continuation] = [:]
        var nextWatcher = 0

        func tellWatchers() {
            for watcher in watchers.values { watcher.yield() }
        }

        func tellMemberWatchers() {
            for watcher in memberWatchers.values { watcher.yield() }
        }
    }

    /// A port with its route and its counters, which outlive a change of the route.
    public struct OpenPort: Sendable {
        public let route: PortRoute
        public let traffic: PortTraffic
    }

    // MARK: Tools

    public func setTool(_ tool: String, of workload: Identifier<Workload>, to route: ToolRoute) {
        state.withLock { $0.tools[workload, default: [:]][tool] = route }
    }

    public func removeTools(of workload: Identifier<Workload>) {
        activity.forget(workload)
        state.withLock { _ = $0.tools.removeValue(forKey: workload) }
    }

    /// The addresses at which the tools of a workload tell when they were last used.
    func activityTargets(of workload: Identifier<Workload>) -> [HealthTarget] {
        state.withLock { $0.tools[workload] ?? [:] }.values.flatMap { route -> [HealthTarget] in
            guard case .backend(let backend) = route.destination else { return [] }
            return route.activityPaths.map {
                HealthTarget(address: backend.host, port: backend.port, path: $0, authorization: route.upstreamAuthorization)
            }
        }
    }

    /// The route as the account may see it: nil when there is none, when the account is no member (IDW-02), or when it is another's alone
    /// (IDW-07).
    public func tool(
        _ tool: String, of workload: Identifier<Workload>, for account: Identifier<Account>
    ) -> ToolRoute? {
        state.withLock { state in
            guard let route = state.tools[workload]?[tool],
                state.members[route.workspace]?.contains(account) == true, route.onlyFor.map({ $0 == account }) ?? true
            else { return nil }
            return route
        }
    }

    // MARK: Members

    /// Replaces the members of a workspace. Who is left out loses access at the next request, open tunnels included.
    public func setMembers(of workspace: Identifier<Workspace>, to accounts: Set<Identifier<Account>>) {
        state.withLock { state in
            state.members[workspace] = accounts.isEmpty ? nil : accounts
            state.tellMemberWatchers()
        }
    }

    // MARK: Logins

    public func begin(_ login: LiveLogin) { state.withLock { $0.logins[login.reference] = login } }

    /// What was entered under the login is over at the next request, open tunnels included.
    public func end(_ login: LoginReference) {
        state.withLock { state in
            state.logins[login] = nil
            state.tellMemberWatchers()
        }
    }

    /// The same of all sessions of an account; its tokens go on.
    public func endSessions(of account: Identifier<Account>, but kept: Identifier<Session>? = nil) {
        state.withLock { state in
            state.logins = state.logins.filter { login in
                if case .session(let session) = login.key { login.value.account != account || session == kept } else { true }
            }
            state.tellMemberWatchers()
        }
    }

    /// Forgets logins whose time is over.
    func forgetLogins(endedBefore now: Timestamp) {
        state.withLock { $0.logins = $0.logins.filter { login in login.value.endsAt.map { $0 > now } ?? true } }
    }

    /// Whether what was entered under the login may go on.
    public func isLive(_ login: LoginReference?) -> Bool {
        guard let login else { return false }
        let now = clock.now()
        return state.withLock { state in
            guard let known = state.logins[login] else { return false }
            return known.endsAt.map { $0 > now } ?? true
        }
    }

    /// Says when somebody may have come or gone in some workspace.
    public func memberChanges() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextWatcher += 1
            state.memberWatchers[state.nextWatcher] = continuation
            return state.nextWatcher
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.memberWatchers.removeValue(forKey: id) }
        }
        return stream
    }

    // MARK: External ports

    /// Opens a port, or changes what stands behind it. Counters go on from `count`, or start anew, when the port was
    /// closed or another workload's.
    public func setPort(_ number: Int, to route: PortRoute, countingFrom count: PortCount? = nil) {
        let start = count ?? PortCount(activeAt: clock.now())
        state.withLock { state in
            let known = state.ports[number]
            let traffic = known?.route.workload == route.workload ? known?.traffic : nil
            state.ports[number] = OpenPort(route: route, traffic: traffic ?? PortTraffic(from: start))
            if known == nil { state.tellWatchers() }
        }
    }

    public func removePort(_ number: Int) {
        state.withLock { state in
            if state.ports.removeValue(forKey: number) != nil { state.tellWatchers() }
        }
    }

    public func port(_ number: Int) -> OpenPort? { state.withLock { $0.ports[number] } }

    public func openPorts() -> [OpenPort] { state.withLock { Array($0.ports.values) } }

    /// The counters of every open port.
    public func counters() -> [Int: PortCount] {
        state.withLock { $0.ports.mapValues(\.traffic) }.mapValues(\.count)
    }

    /// The numbers that have to be open.
    public var portNumbers: Set<Int> { state.withLock { Set($0.ports.keys) } }

    /// Says when `portNumbers` is to be looked at: now, and after every change.
    public func portChanges() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.nextWatcher += 1
            state.watchers[state.nextWatcher] = continuation
            continuation.yield()
            return state.nextWatcher
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.watchers.removeValue(forKey: id) }
        }
        return stream
    }
}
