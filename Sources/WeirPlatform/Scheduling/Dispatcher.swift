import Logging
import WeirEngine
import WeirModel
import WeirStore

/// Keeps the queue's state in step with the store, lets the policy decide, and writes what it decided (QUO-04, QUO-05, X22).
///
/// The policy's state lives in memory. What it was told and what it decided is written in one transaction with what came of it, so
/// each decision can be made again from the record, and a new start of Weir goes on from it.
public actor Dispatcher {
    /// What was told and led to no decision is written when it has come to so many steps.
    static let mostUnwritten = 500
    /// After so many turns the whole state is written, so that a start has little to go through again.
    static let turnsPerSnapshot = 2000
    /// The newest finished runs that tell how long runs last.
    static let mostLengths = 5000

    /// What the Reconciler has to do after a decision was written.
    struct Outcome: Sendable {
        var admitted: [(workload: WorkloadRecord, instances: [InstanceRecord])] = []
        var preempted: [Identifier<Workload>] = []
        /// Workspaces in which something that people see has changed.
        var changed: Set<Identifier<Workspace>> = []
    }

    /// How far a run of a workload is known to the policy; it never goes back within a run.
    struct Known {
        enum Phase: Int {
            case queued, started, running
        }

        var entry: QueueEntry
        var project: Identifier<Project>
        var phase: Phase
        var runningSince: Timestamp?
        /// As it is in the store.
        var reason: QueueReason?
        /// A forecast of its start was made or is not wanted.
        var isForecast = false
    }

    let store: Store
    let clock: any WallClock
    let identifiers: any IdentifierSource
    let zones: Zones
    let signals: WorkloadSignals
    let limits: Limits
    let settings: SchedulingSettings
    let logger: Logger

    var scheduler = Scheduler(nodes: [])
    /// Made of `finished` when it is asked for.
    var lengths: RunLengths?
    var known: [Identifier<Workload>: Known] = [:]
    var withheld: [Identifier<Workload>: Withheld] = [:]
    /// What the policy was told of.
    var allowances: [Identifier<Workspace>: [Identifier<Account>: Allowances]] = [:]
    var unwritten: [SchedulingTurn.Step] = []
    var finished: [RunLengths.Run] = []
    /// What is in memory is not what is in the store.
    var isStale = true
    /// The record cannot go on from what is in it: the next line is a whole state.
    var recordIsBroken = true
    /// One element when something has begun to wait since the last was taken.
    nonisolated let startsToWait: AsyncStream<Void>
    private let tellStartsToWait: AsyncStream<Void>.Continuation
    private var turnsSinceSnapshot = 0
    private var isDeciding = false
    private var decidesAgain = false

    init(
        store: Store, clock: any WallClock, identifiers: any IdentifierSource, zones: Zones, signals: WorkloadSignals,
        limits: Limits, settings: SchedulingSettings, logger: Logger
    ) {
        self.store = store
        self.clock = clock
        self.identifiers = identifiers
        self.zones = zones
        self.signals = signals
        self.limits = limits
        self.settings = settings
        self.logger = logger
        (startsToWait, tellStartsToWait) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func tell(_ event: SchedulingEvent) {
        let now = clock.now()
        scheduler.apply(event, at: now)
        unwritten.append(.told(event, at: now))
    }

    // MARK: Deciding

    /// Lets in what can start, in the policy's order. While one decision is being written, one more is made after it.
    func decide() async throws -> Outcome {
        guard !isDeciding else {
            decidesAgain = true
            return Outcome()
        }
        isDeciding = true
        defer { isDeciding = false }
        var outcome = Outcome()
        repeat {
            decidesAgain = false
            if isStale { try await recover() }
            try await decideOnce(&outcome)
        } while decidesAgain && !Task.isCancelled
        return outcome
    }

    private func decideOnce(_ outcome: inout Outcome) async throws {
        let now = clock.now()
        let decisions = scheduler.decide(at: now)
        if !decisions.isEmpty || !(unwritten.last?.isIdleDecision ?? false) { unwritten.append(.decided(decisions, at: now)) }
        let reasons = changedReasons()
        guard !decisions.isEmpty || !reasons.isEmpty || unwritten.count > Self.mostUnwritten else { return }

        let plan = DispatchPlan(starts: decisions.compactMap(start), preemptions: decisions.compactMap(preemption), reasons: reasons)
        for start in plan.starts { known[start.workload]?.phase = .started }
        let record = try takeRecord()
        let done: Done
        do {
            done = try await store.write { [limits] in try plan.write($0, record: record, limits: limits, at: now) }
        } catch {
            // Nothing of it happened. What is in memory says otherwise, so it is made anew from the store.
            isStale = true
            throw error
        }
        for (id, reason) in reasons { known[id]?.reason = reason }
        if !reasons.isEmpty { tellStartsToWait.yield() }
        for one in done.withheld {
            // Its resources are free again, or will not be cleared for it.
            tell(known[one.id]?.phase == .queued ? .left(one.id) : .ended(one.id, at: clock.now()))
            known[one.id] = nil
            if one.starting.hasUnreadablePrice {
                logger.error("the price of a run cannot be read: it waits, the others start", metadata: ["workload": "\(one.id)"])
            }
            withheld[one.id] = one
            outcome.changed.insert(one.starting.workspace)
            decidesAgain = true
        }
        for one in done.spared { goesOn(one) }
        let admitted = Set(done.admitted.map(\.workload.id)).union(done.withheld.map(\.id))
        // A person was quicker.
        for start in plan.starts where !admitted.contains(start.workload) { forgetStart(of: start.workload) }
        outcome.admitted += done.admitted
        outcome.preempted += done.preempted
        outcome.changed.formUnion(reasons.compactMap { known[$0.id]?.entry.workspace })
        outcome.changed.formUnion(done.admitted.map(\.workload.workspace))
    }

    /// It does not give way after all: to the policy it starts anew where it runs.
    private func goesOn(_ spared: DispatchPlan.Preemption) {
        guard let one = known[spared.workload], one.entry.run == spared.run, let placements = scheduler.placements(of: spared.workload)
        else { return }
        tell(.started(one.entry, placements, at: one.runningSince ?? clock.now()))
        if let start = one.runningSince { tell(.running(spared.workload, at: start)) }
    }

    /// What it was given is free again, and its own pass says what becomes of it.
    private func forgetStart(of id: Identifier<Workload>) {
        tell(.ended(id, at: clock.now()))
        known[id] = nil
        decidesAgain = true
        signals.send(.workload(id))
    }

    private func changedReasons() -> [(id: Identifier<Workload>, reason: QueueReason)] {
        known.compactMap { id, known in
            guard known.phase == .queued, let reason = scheduler.reason(of: id), reason != known.reason else { return nil }
            return (id, reason)
        }
    }

    /// The steps that are not written yet, as a line of the record; now and then the whole state as well.
    private func takeRecord() throws -> DispatchRecord {
        let turn = SchedulingTurn(steps: unwritten, digest: scheduler.digest)
        unwritten = []
        turnsSinceSnapshot += 1
        let isDue = recordIsBroken || turnsSinceSnapshot > Self.turnsPerSnapshot
        let record = try DispatchRecord(turn: recordIsBroken ? nil : turn, snapshot: isDue ? scheduler.snapshot : nil)
        if isDue { (turnsSinceSnapshot, recordIsBroken) = (0, false) }
        return record
    }

    // MARK: From a decision to what is written

    private func start(_ decision: SchedulingDecision) -> DispatchPlan.Start? {
        guard case .start(let id, let placements) = decision, let entry = known[id]?.entry else { return nil }
        let now = clock.now()
        let nodes = scheduler.cluster.nodes
        let instances = placements.enumerated().map { position, placement in
            InstanceRecord(
                id: identifiers.next(Instance.self, at: now), workload: id, run: entry.run, position: position, attempt: 0,
                devices: placement.devices.map { nodes[placement.node].accelerators[$0].device }, createdAt: now)
        }
        return DispatchPlan.Start(workload: id, run: entry.run, instances: instances)
    }

    private func preemption(_ decision: SchedulingDecision) -> DispatchPlan.Preemption? {
        guard case .preempt(let id, let other) = decision, let entry = known[id]?.entry else { return nil }
        return DispatchPlan.Preemption(workload: id, run: entry.run, forWorkload: other)
    }
}

extension SchedulingTurn.Step {
    /// To decide again when nothing has happened since says nothing new.
    fileprivate var isIdleDecision: Bool { if case .decided(let decisions, _) = self { decisions.isEmpty } else { false } }
}
