import Logging
public import ServiceLifecycle
import WeirEngine
public import WeirModel
import WeirStore

/// Looks at what runs every ten seconds and remembers what it used, for the plots of a workload's page.
///
/// It is held in memory: it begins anew with each start of Weir, and is kept for what has ended until there is too much of it.
public actor UsageHistory: Service {
    static let interval = Duration.seconds(UsageSeries.Span.hour.step)
    /// The workloads that are remembered, 70 KB each at the most; those that ended first are forgotten first.
    static let most = 500

    /// What is known of a workload.
    private struct Watched {
        var series = UsageSeries()
        /// Processor time of each of its containers until then.
        var used: [Identifier<Instance>: Duration] = [:]
        var at: Timestamp
        var traffic: PortCount?
    }

    /// What was remembered of a workload, the oldest first.
    public struct Part: Sendable {
        public let samples: [UsageSample]
        public let until: Timestamp
        /// What its instances may use together, in thousandths of a core and bytes.
        public let cpuLimit: Int
        public let memoryLimit: Bytes
    }

    private let store: Store
    private let engine: any Engine
    private let clock: any WallClock
    private let routes: RouteTable
    private let signals: WorkloadSignals
    private let logger: Logger
    private var watched: [Identifier<Workload>: Watched] = [:]
    /// The kills for memory in each container, as they are kept.
    private var known: [Identifier<Instance>: Int64] = [:]

    init(
        store: Store, engine: any Engine, clock: any WallClock, routes: RouteTable, signals: WorkloadSignals, logger: Logger
    ) {
        self.store = store
        self.engine = engine
        self.clock = clock
        self.routes = routes
        self.signals = signals
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown { [clock, logger] in
            while !Task.isCancelled {
                do { try await clock.sleep(for: Self.interval) } catch { return }
                do {
                    try await self.look()
                } catch {
                    logger.error("a look at what workloads use failed", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Of the hour or day before now; of a workload that has ended, before its last sample.
    public func part(of id: Identifier<Workload>, _ span: UsageSeries.Span, for caller: Caller) async throws -> Part {
        let workload = try await store.read { try $0.workload(id, for: caller, .seeWorkspace) }
        let series = watched[id]?.series
        let until = workload.state == .running ? clock.now() : series?.last ?? clock.now()
        return Part(
            samples: series?.samples(span, at: until) ?? [], until: until,
            cpuLimit: workload.spec.flavor.cpu * workload.spec.replicas,
            memoryLimit: Bytes(workload.spec.flavor.memory.count * Int64(workload.spec.replicas)))
    }

    /// Its average use over the last hour, in thousandths of a core; nil when less than half an hour of it is known.
    func averageCores(of id: Identifier<Workload>) -> Int? {
        let samples = watched[id]?.series.samples(.hour, at: clock.now()) ?? []
        guard let first = samples.first, let last = samples.last, last.at - first.at >= .seconds(1800) else { return nil }
        return samples.reduce(0) { $0 + Int($1.cpu) } / samples.count
    }

    /// Looks once at all that run.
    func look() async throws {
        let running = try await store.read { try $0.runningInstances() }
        let devices = running.contains { !$0.devices.isEmpty } ? try await engine.acceleratorUse() : [:]
        let traffic = Dictionary(
            routes.openPorts().map { ($0.route.workload, $0.traffic.count) }, uniquingKeysWith: { first, _ in first })
        for (id, instances) in Dictionary(grouping: running, by: \.workload) {
            try await look(at: id, instances, devices, traffic[id])
        }
        forget(except: Set(running.map(\.workload)))
        let present = Set(running.map(\.id))
        known = known.filter { present.contains($0.key) }
    }

    private func look(
        at id: Identifier<Workload>, _ instances: [RunningInstance], _ devices: [String: Int], _ traffic: PortCount?
    ) async throws {
        var now: [Identifier<Instance>: InstanceUsage] = [:]
        for instance in instances { now[instance.id] = try await engine.usage(of: instance.id) }
        guard !now.isEmpty else { return }
        let at = clock.now()
        try await noteKills(now, of: id, at: at)
        var known = watched[id] ?? Watched(at: at)
        var cpu = 0.0
        for instance in instances {
            guard let usage = now[instance.id] else { continue }
            if let used = known.used[instance.id], at > known.at {
                cpu += max((usage.cpu - used) / (at - known.at), 0)
            } else if at > instance.startedAt {
                // New to this look: on average since its start, which was moments ago or before this start of Weir.
                cpu += usage.cpu / (at - instance.startedAt)
            }
        }
        // What came before the first look at a service that has just begun came in this step; else it is of an earlier start of Weir.
        let isNew = known.series.last == nil && instances.allSatisfy { at - $0.startedAt <= Self.interval * 2 }
        let before = known.traffic ?? (isNew ? PortCount(activeAt: at) : nil)
        known.series.add(
            UsageSample(
                at: at, cpu: Int32(clamping: Int((cpu * 1000).rounded())), memory: now.values.reduce(Bytes(0)) { $0 + $1.memory },
                gpuPercent: Self.percent(of: instances.flatMap(\.devices), devices),
                requests: traffic.map { Int32(clamping: max($0.requests - (before ?? $0).requests, 0)) },
                errors: traffic.map { Int32(clamping: max($0.errors - (before ?? $0).errors, 0)) }))
        known.used = now.mapValues(\.cpu)
        known.at = at
        known.traffic = traffic
        watched[id] = known
    }

    /// Kills for memory are kept with the workload: its programs may go on and say nothing of them (TRN-13).
    private func noteKills(_ usage: [Identifier<Instance>: InstanceUsage], of id: Identifier<Workload>, at now: Timestamp) async throws {
        let kills = usage.mapValues(\.memoryKills).filter { $0.value > 0 && $0.value != known[$0.key] }
        guard !kills.isEmpty else { return }
        let workspace = try await store.write { db -> Identifier<Workspace>? in
            var isNew = false
            for (instance, count) in kills where try db.setMemoryKills(count, of: instance, at: now) { isNew = true }
            return isNew ? try db.read.workload(id)?.workspace : nil
        }
        known.merge(kills) { $1 }
        if let workspace { signals.changed(in: workspace) }
    }

    private static func percent(of held: [String], _ devices: [String: Int]) -> UInt8? {
        held.compactMap { devices[$0] }.max().map { UInt8(clamping: $0) }
    }

    private func forget(except running: Set<Identifier<Workload>>) {
        let tooMany = watched.count - Self.most
        guard tooMany > 0 else { return }
        let ended = watched.filter { !running.contains($0.key) }.sorted { $0.value.at < $1.value.at }
        for (id, _) in ended.prefix(tooMany) { watched[id] = nil }
    }
}
