import Logging
public import ServiceLifecycle
import WeirEngine
import WeirModel
import WeirStore

/// Compares what is wanted with what the engine has, and moves the engine: the only caller of launch and stop.
///
/// A pass over a workload reads the store, does one step and writes what came of it; it never waits for a program to
/// come up. What is not done yet is looked at again when something changes or when a time has come. So a crash between
/// any two lines is mended by the next pass, whoever makes it.
public actor Reconciler: Service {
    /// Passes that run at the same time; the rest wait in order.
    static let mostAtOnce = 32

    let store: Store
    let engine: any Engine
    let files: FileStore
    let clock: any WallClock
    let identifiers: any IdentifierSource
    let signals: WorkloadSignals
    let routes: RouteTable
    let probe: any HealthProbe
    let logger: Logger
    let dispatcher: Dispatcher
    let workloads: Workloads

    /// Replicas that have answered their health check.
    var healthy: Set<Identifier<Instance>> = []
    /// Instances whose launch no earlier Weir can have begun.
    var fresh: Set<Identifier<Instance>> = []
    /// What runs and whose way in the gateway has been told of.
    var routed: Set<Identifier<Workload>> = []
    /// The external port that the gateway has been told of, by service.
    var openPorts: [Identifier<Workload>: Int] = [:]
    var networks: Set<Identifier<Workspace>> = []
    var tools: [String: [String: ImageTool]] = [:]

    private var inWork: Set<Identifier<Workload>> = []
    private var again: Set<Identifier<Workload>> = []
    /// In order from `firstWaiting` on; what stands before it has been taken, for to move up the rest each time would cost
    /// a restart with thousands of workloads seconds.
    private var waiting: [Identifier<Workload>] = []
    private var firstWaiting = 0
    private var isWaiting: Set<Identifier<Workload>> = []
    private var alarms: [Identifier<Workload>: Timestamp] = [:]
    private var failures: [Identifier<Workload>: Int] = [:]
    private let alarmsToSet: AsyncStream<(Identifier<Workload>, Duration)>.Continuation
    private let alarmsSet: AsyncStream<(Identifier<Workload>, Duration)>
    /// What the engine had when Weir started, until each workload has been looked at once.
    var firstSight: [Identifier<Instance>: Observation] = [:]
    /// When everything was last looked at, also by an earlier Weir.
    var seen: Timestamp?
    /// All that ran before Weir started is known and reachable again.
    public internal(set) var isReady = false

    init(
        store: Store, engine: any Engine, files: FileStore, clock: any WallClock, identifiers: any IdentifierSource,
        signals: WorkloadSignals, routes: RouteTable, probe: any HealthProbe, dispatcher: Dispatcher,
        workloads: Workloads, logger: Logger
    ) {
        self.store = store
        self.engine = engine
        self.files = files
        self.clock = clock
        self.identifiers = identifiers
        self.signals = signals
        self.routes = routes
        self.probe = probe
        self.dispatcher = dispatcher
        self.workloads = workloads
        self.logger = logger
        (alarmsSet, alarmsToSet) = AsyncStream.makeStream()
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.forwardEngineChanges() }
                group.addTask { await self.ringAlarms() }
                group.addTask { await self.sweepAgainAndAgain() }
                await self.work(in: &group)
                group.cancelAll()
            }
        }
    }

    private func work(in group: inout DiscardingTaskGroup) async {
        for id in await recover() { begin(id, in: &group) }
        for await signal in signals.forReconciler {
            switch signal {
            case .workload(let id): begin(id, in: &group)
            case .instance(let id):
                if let workload = await workload(of: id) { begin(workload, in: &group) }
            case .room: group.addTask { await self.admit() }
            case .money(let workspace): group.addTask { await self.admitUnderNewMoney(of: workspace) }
            case .rules: group.addTask { await self.admitUnderNewRules() }
            }
        }
    }

    private func forwardEngineChanges() async {
        for await instance in engine.changes() { signals.send(.instance(instance)) }
    }

    private func workload(of instance: Identifier<Instance>) async -> Identifier<Workload>? {
        do {
            return try await store.read { try $0.instance(instance)?.workload }
        } catch {
            logger.error("cannot look up an instance", metadata: ["instance": "\(instance)", "error": "\(error)"])
            return nil
        }
    }

    // MARK: One workload at a time, several side by side

    private func begin(_ id: Identifier<Workload>, in group: inout DiscardingTaskGroup) {
        if inWork.contains(id) {
            again.insert(id)
        } else if inWork.count >= Self.mostAtOnce {
            if isWaiting.insert(id).inserted { waiting.append(id) }
        } else {
            inWork.insert(id)
            group.addTask { await self.work(on: id) }
        }
    }

    /// Makes passes over a workload until there is nothing to do at once, then over those that wait for a place.
    private func work(on first: Identifier<Workload>) async {
        var next: Identifier<Workload>? = first
        while let id = next {
            again.remove(id)
            let delay = await pass(over: id)
            if again.contains(id), !Task.isCancelled { continue }
            inWork.remove(id)
            if let delay { setAlarm(for: id, after: delay) }
            next = nextWaiting()
            if let next { inWork.insert(next) }
        }
    }

    private func nextWaiting() -> Identifier<Workload>? {
        guard firstWaiting < waiting.count else { return nil }
        let next = waiting[firstWaiting]
        firstWaiting += 1
        if firstWaiting == waiting.count { (waiting, firstWaiting) = ([], 0) }
        isWaiting.remove(next)
        return next
    }

    /// Returns after how long to look again; nil waits for a signal.
    private func pass(over id: Identifier<Workload>) async -> Duration? {
        do {
            let delay = try await reconcile(id)
            failures[id] = nil
            return delay
        } catch {
            // An engine's call may be cancelled without Weir being at its end.
            guard !Task.isCancelled else { return nil }
            let count = (failures[id] ?? 0) + 1
            failures[id] = count
            logger.error(
                "a pass over a workload failed and will be made again",
                metadata: ["workload": "\(id)", "failures": "\(count)", "error": "\(error)"])
            return .milliseconds(min(250 << min(count, 8), 30_000))
        }
    }

    private func setAlarm(for id: Identifier<Workload>, after delay: Duration) {
        let now = clock.now()
        let due = now + delay
        if let earlier = alarms[id], earlier <= due, earlier > now { return }
        alarms[id] = due
        alarmsToSet.yield((id, delay))
    }

    private func ringAlarms() async {
        await withDiscardingTaskGroup { group in
            for await (id, delay) in alarmsSet {
                group.addTask {
                    do { try await self.clock.sleep(for: delay) } catch { return }
                    await self.ring(id)
                }
            }
            group.cancelAll()
        }
    }

    private func ring(_ id: Identifier<Workload>) {
        alarms[id] = nil
        signals.send(.workload(id))
    }
}
