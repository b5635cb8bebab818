import Logging
public import ServiceLifecycle
import WeirEngine
import WeirModel
import WeirStore

/// Stops environments that nobody uses, by the policy of their workspace, after its people were warned (X18).
///
/// Only what is wanted is written here; the Reconciler stops as for any other cause. What is kept at a stop is kept here, too.
public actor IdleReclaim: Service {
    static let interval = Duration.seconds(60)
    /// So many are looked at at once: one whose people are being warned takes up to a minute.
    static let atOnce = 32

    /// What is known of a running container.
    private struct Watched {
        var state = Idleness.active
        var at: Timestamp
        /// Its use until then.
        var used: InstanceUsage
    }

    private let store: Store
    private let engine: any Engine
    private let clock: any WallClock
    private let calendar: BillingCalendar
    private let signals: WorkloadSignals
    private let routes: RouteTable
    private let probe: any ActivityProbe
    private let logger: Logger
    private var watched: [Identifier<Instance>: Watched] = [:]

    init(
        store: Store, engine: any Engine, clock: any WallClock, calendar: BillingCalendar, signals: WorkloadSignals, routes: RouteTable,
        probe: any ActivityProbe, logger: Logger
    ) {
        self.store = store
        self.engine = engine
        self.clock = clock
        self.calendar = calendar
        self.signals = signals
        self.routes = routes
        self.probe = probe
        self.logger = logger
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown { [clock, logger] in
            while !Task.isCancelled {
                do { try await clock.sleep(for: Self.interval) } catch { return }
                do {
                    try await self.look()
                } catch {
                    logger.error("a look for idle environments failed", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Looks once at all that run under a policy.
    func look() async throws {
        let candidates = try await store.read { try $0.idleCandidates() }
        let devices = candidates.contains { !$0.devices.isEmpty } ? try await engine.acceleratorUse() : [:]
        let present = Set(candidates.map(\.instance))
        watched = watched.filter { present.contains($0.key) }
        await withTaskGroup(of: Void.self) { group in
            for (position, candidate) in candidates.enumerated() {
                if position >= Self.atOnce { await group.next() }
                group.addTask { await self.lookOrSay(at: candidate, devices) }
            }
        }
    }

    /// What cannot be looked at keeps no other from being looked at.
    private func lookOrSay(at candidate: IdleCandidate, _ devices: [String: Int]) async {
        do {
            try await look(at: candidate, devices)
        } catch {
            logger.error(
                "a look at an environment failed", metadata: ["workload": "\(candidate.workload.id)", "error": "\(error)"])
        }
    }

    private func look(at candidate: IdleCandidate, _ devices: [String: Int]) async throws {
        let workload = candidate.workload
        guard candidate.policy.applies(to: workload.id, of: workload.createdBy, kind: workload.kind),
            let usage = try await engine.usage(of: candidate.instance)
        else {
            if workload.idleStopAt != nil { try await store.write { try $0.setIdleStop(nil, of: workload.id) } }
            watched[candidate.instance] = nil
            return
        }
        let now = clock.now()
        guard var before = watched[candidate.instance] else {
            // An earlier run of Weir may have warned; the warning is called off, and given anew when it is due.
            if workload.idleStopAt != nil { try await callOff(workload) }
            watched[candidate.instance] = Watched(at: now, used: usage)
            return
        }
        let (told, answered) = await askTools(of: workload.id, at: now)
        let time = now - before.at
        let sample = ActivitySample(
            at: now, cpu: Self.thousandths(usage.cpu - before.used.cpu, over: time),
            gpuPercent: Self.percent(of: candidate.devices, devices),
            network: Self.rate(usage.network, before.used.network, over: time),
            disk: Self.rate(usage.disk, before.used.disk, over: time),
            seen: routes.activity.seen(in: workload.id).merging(told) { $1 })
        let (state, action) = before.state.after(sample, previous: before.at, policy: candidate.policy)
        before = Watched(state: state, at: now, used: usage)
        watched[candidate.instance] = before
        switch action {
        case nil: break
        case .warn(let stopsAt):
            try await warn(candidate, stopsAt: stopsAt)
            // What the person's own program used to save their work is no use that calls the warning off again.
            if let after = try await engine.usage(of: candidate.instance) { watched[candidate.instance]?.used = after }
        case .callOff: try await callOff(workload)
        case .stop: try await stop(workload, idleSince: state.since ?? now, IdleEvidence(sample, toolAnswered: answered))
        }
    }

    private static func thousandths(_ used: Duration, over time: Duration) -> Int {
        guard time > .zero else { return .max }
        return Int((used / time * 1000).rounded(.up))
    }

    /// Bytes a second. A count that begins again, as that of a container that was started anew, is taken from there.
    private static func rate(_ now: Int64?, _ before: Int64?, over time: Duration) -> Int64? {
        guard let now, let before else { return nil }
        guard time > .zero else { return .max }
        return Int64((Double(now >= before ? now - before : now) * 1000 / Double(time.milliseconds)).rounded(.up))
    }

    /// The last use that the environment's tools tell of, and whether all answered; nil when none can be asked.
    private func askTools(of workload: Identifier<Workload>, at now: Timestamp) async -> ([Presence: Timestamp], Bool?) {
        let targets = routes.activityTargets(of: workload)
        guard !targets.isEmpty else { return ([:], nil) }
        var (last, answered): (Timestamp?, Bool) = (nil, true)
        for target in targets {
            guard let activity = await probe.activity(at: target) else {
                answered = false
                continue
            }
            // A clock in the container may be wrong: nobody was seen in the future.
            let seen = activity.isBusy ? now : activity.last.map { min($0, now) }
            last = [last, seen].compactMap { $0 }.max()
        }
        return (last.map { [.tool: $0] } ?? [:], answered)
    }

    /// The busiest of them. A real device that cannot be read counts as busy: it would be a pity to stop what only seems idle.
    private static func percent(of held: [String], _ devices: [String: Int]) -> Int? {
        held.filter { !SimulatedAccelerators.isSimulated(device: $0) }.map { devices[$0] ?? 100 }.max()
    }

    // MARK: What is done

    /// In the list and on the command line by its time, to whoever sits at a terminal by a line, and to the environment's own command.
    private func warn(_ candidate: IdleCandidate, stopsAt: Timestamp) async throws {
        let workload = candidate.workload
        let now = clock.now()
        let text = LocalizedText.idleWarning(workload.name, stopsAt: calendar.minuteText(stopsAt))
        try await store.write { db in
            try db.setIdleStop(stopsAt, of: workload.id)
            try db.addNotice(
                "idle_environment", key: "idle/\(workload.id)/\(workload.run)/\(stopsAt.milliseconds)", to: workload.workspace,
                subject: workload.id.text, text, at: now)
        }
        signals.changed(in: workload.workspace)
        // The names of terminals are the kernel's, and the text reaches the shell as an argument.
        let tell = #"for t in /dev/pts/[0-9]*; do printf '\r\n%s\r\n%s\r\n' "$0" "$1" > "$t" 2>/dev/null; done; "#
        // The environment's own command, to save what is only in memory; it has a minute, in images without `timeout` as well. It stands in
        // the environment's definition: a file in a home would be run wherever that home is mounted.
        let own = #"""
            if [ -n "$3" ]; then WEIR_STOPS_AT="$2" /bin/sh -c "$3" >/dev/null 2>&1 & p=$!
            (sleep 60; kill $p) >/dev/null 2>&1 & k=$!; wait $p; kill $k 2>/dev/null; fi; true
            """#
        let hook = if case .environment(let environment) = workload.spec.detail { environment.onIdle ?? "" } else { "" }
        do {
            _ = try await engine.run(
                ["/bin/sh", "-c", tell + own, text.en, text.zh, stopsAt.description, hook], in: candidate.instance)
        } catch {
            logger.info("an idle environment could not be told", metadata: ["workload": "\(workload.id)", "error": "\(error)"])
        }
    }

    private func callOff(_ workload: WorkloadRecord) async throws {
        try await store.write { try $0.setIdleStop(nil, of: workload.id) }
        signals.changed(in: workload.workspace)
    }

    private func stop(_ workload: WorkloadRecord, idleSince: Timestamp, _ evidence: IdleEvidence) async throws {
        let now = clock.now()
        let isStopped = try await store.write { db -> Bool in
            // A person, a timer or a new policy may have been quicker.
            guard let current = try db.read.workload(workload.id), current.state == .running, current.run == workload.run,
                current.wanted == .running, let policy = try db.read.idlePolicy(of: workload.workspace)?.policy,
                policy.applies(to: workload.id, of: workload.createdBy, kind: workload.kind)
            else { return false }
            try db.insertIdleStop(of: current, idleSince: idleSince, at: now)
            try db.apply(.stopWanted, to: current, cause: try Cause(evidence), at: now)
            return true
        }
        guard isStopped else { return }
        logger.info("stopped for idleness", metadata: ["workload": "\(workload.id)"])
        signals.send(.workload(workload.id))
        signals.changed(in: workload.workspace)
    }
}

extension LocalizedText {
    static func idleWarning(_ name: String, stopsAt: String) -> LocalizedText {
        LocalizedText(
            "\"\(name)\" has not been used for a while and is stopped at \(stopsAt). Code, home, netdisk and output are kept. Use it to go on.",
            zh: "“\(name)”已空闲一段时间，将于 \(stopsAt) 停止。代码、home、网盘和输出均会保留；继续使用即可取消。")
    }
}
