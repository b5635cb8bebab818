import Logging
public import ServiceLifecycle
import WeirModel
import WeirStore

/// Turns observed running time into ledger entries: at every full hour, at the end of each run, and after a start (BIL-05).
///
/// What is due is planned outside of the one writer, and entered only where the run still stands as it was planned for; so
/// settling late, twice or by two at once changes nothing.
public struct Settlement: Service {
    /// The wall clock may be stepped while it is waited for, so it is looked at again after this long.
    static let longestWait = Duration.seconds(60)
    static let retryDelay = Duration.seconds(15)

    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar
    let signals: WorkloadSignals
    let reconciler: Reconciler
    let stops: MoneyStops
    let notices: Notices
    let clockWatch: ClockWatch
    let counts: SettlementCounts
    let logger: Logger

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await settleEndsAsTheyCome() }
                group.addTask { await settleHourByHour() }
            }
        }
    }

    private func settleHourByHour() async {
        var settled: Timestamp?
        while !Task.isCancelled {
            let hour = BillingCalendar.hourStart(clock.now())
            var wait = Self.longestWait
            do { try await clockWatch.glance() } catch {
                if Task.isCancelled { return }
                logger.error("the clock could not be looked at", metadata: ["error": "\(error)"])
            }
            if hour != settled {
                do {
                    try await settleHour()
                    settled = hour
                    counts.noteHour(hour)
                } catch is CancellationError {
                    return
                } catch {
                    logger.error("the settlement of an hour failed and is made again", metadata: ["error": "\(error)"])
                    wait = Self.retryDelay
                }
            }
            let left = BillingCalendar.nextHour(after: clock.now()) - clock.now()
            do { try await clock.sleep(for: min(max(left, .milliseconds(1)), wait)) } catch { return }
        }
    }

    private func settleEndsAsTheyCome() async {
        // Listened to before the first look, so that no end falls in between.
        let changes = signals.changes(in: nil)
        await settleEndsUntilDone()
        for await _ in changes { await settleEndsUntilDone() }
    }

    private func settleEndsUntilDone() async {
        while !Task.isCancelled {
            do {
                try await settleEnds()
                return
            } catch is CancellationError {
                return
            } catch {
                logger.error("the settlement of an end failed and is made again", metadata: ["error": "\(error)"])
                do { try await clock.sleep(for: Self.retryDelay) } catch { return }
            }
        }
    }

    // MARK: What is done at an hour and at an end

    /// Stops what has to be stopped, charges all hours that are over, and warns. Can be repeated at any time.
    public func settleHour() async throws {
        try await clockWatch.glance()
        try await stops.stop()
        // What is not known to run now may have ended: its end will say what is due.
        let sight = try await reconciler.look()
        let perHour = try await settleAll(now: sight.at, running: sight.running)
        try await notices.look(at: perHour.keys, perHour: perHour)
        try await notices.lookAtChanged()
        // A month may have begun, and storage have been charged.
        signals.send(.money(nil))
    }

    /// Charges what has ended. One that cannot be planned is named and passed over: the others do not wait for it.
    public func settleEnds() async throws {
        var charged: Set<Identifier<Workspace>> = []
        var cursor: UnsettledPage.End?
        while true {
            let after = cursor
            let page = try await store.read { try $0.unsettledEnds(after: after, limit: Writing.mostSettlements) }
            let now = clock.now()
            noteStuck(page)
            try await enter(page.runs.compactMap { plan($0, now: now) }, seen: now)
            charged.formUnion(page.runs.map(\.workspace))
            guard page.count == Writing.mostSettlements, let last = page.lastEnd else { break }
            cursor = last
        }
        if !charged.isEmpty {
            try await notices.look(at: charged)
            for workspace in charged { signals.send(.money(workspace)) }
        }
    }

    /// Plans one part while the one before is written. Returns what all that runs costs an hour, by workspace.
    private func settleAll(now: Timestamp, running: Set<Identifier<Workload>>) async throws -> [Identifier<Workspace>: Points] {
        var perHour: [Identifier<Workspace>: Points] = [:]
        var planned = try await plan(after: nil, now: now, running: running)
        while true {
            for (workspace, cost) in planned.perHour { perHour[workspace] = try (perHour[workspace] ?? 0).adding(cost) }
            let settlements = planned.settlements
            guard let last = planned.last else {
                try await enter(settlements, seen: now)
                return perHour
            }
            async let entered = enter(settlements, seen: now)
            async let next = plan(after: last, now: now, running: running)
            _ = try await entered
            planned = try await next
        }
    }

    private struct Part: Sendable {
        var settlements: [RunSettlement] = []
        var perHour: [Identifier<Workspace>: Points] = [:]
        /// The last of the part; nil when no more follow.
        var last: RunIdentity?
    }

    private func plan(after cursor: RunIdentity?, now: Timestamp, running: Set<Identifier<Workload>>) async throws -> Part {
        let page = try await store.read { try $0.unsettledPage(after: cursor, limit: Writing.mostSettlements) }
        noteStuck(page)
        var part = Part(last: page.count == Writing.mostSettlements ? page.last : nil)
        for run in page.runs {
            if run.run.end == nil {
                do {
                    let cost = try run.run.price.amount(minutes: 60)
                    part.perHour[run.workspace] = try (part.perHour[run.workspace] ?? 0).adding(cost)
                } catch {
                    noteStuck(run.run.run, "\(error)")
                    continue
                }
                guard running.contains(run.run.run.workload) else { continue }
            }
            guard let settlement = plan(run, now: now) else { continue }
            if !settlement.isEmpty { part.settlements.append(settlement) }
        }
        return part
    }

    /// Nil when it cannot be planned: that stops its own settlement, never everybody's.
    private func plan(_ due: UnsettledRun, now: Timestamp) -> RunSettlement? {
        do {
            return try RunSettlement(due, now: now, calendar: calendar)
        } catch {
            noteStuck(due.run.run, "\(error)")
            return nil
        }
    }

    private func noteStuck(_ page: UnsettledPage) {
        for (run, reason) in page.unreadable { noteStuck(run, reason) }
    }

    /// Says it once; `weir ledger verify` names it until it is put right.
    private func noteStuck(_ run: RunIdentity, _ reason: String) {
        guard counts.noteStuck(run) else { return }
        logger.error("a run cannot be settled, the others are", metadata: ["run": "\(run)", "error": "\(reason)"])
    }

    /// Enters settlements in transactions of a bounded number of entries, and goes on with runs whose gap was too long for one plan.
    /// - Parameter seen: when what has not ended was known to run.
    @discardableResult
    private func enter(_ settlements: [RunSettlement], seen: Timestamp) async throws -> Set<RunIdentity> {
        var applied: Set<RunIdentity> = []
        var batch: [RunSettlement] = []
        var entries = 0
        for settlement in settlements {
            if entries + settlement.plan.charges.count > Writing.mostSettlements, !batch.isEmpty {
                applied.formUnion(try await enter(batch: batch))
                (batch, entries) = ([], 0)
            }
            batch.append(settlement)
            entries += settlement.plan.charges.count
        }
        if !batch.isEmpty { applied.formUnion(try await enter(batch: batch)) }
        for settlement in settlements where settlement.plan.charges.count == MeteredRun.mostCharges {
            try await goOn(settlement.due.run.run, seen: seen)
        }
        return applied
    }

    private func enter(batch: [RunSettlement]) async throws -> Set<RunIdentity> {
        let now = clock.now()
        let applied: Set<RunIdentity>
        do {
            applied = try await store.write { try $0.settle(batch, at: now) }.applied
        } catch let error as WeirError {
            // An amount that does not fit, say. It is looked for one by one, so that the others are entered.
            guard batch.count > 1 else {
                for settlement in batch { noteStuck(settlement.due.run.run, "\(error)") }
                return []
            }
            var each: Set<RunIdentity> = []
            for settlement in batch { each.formUnion(try await enter(batch: [settlement])) }
            return each
        }
        let charges = batch.reduce(0) { $0 + (applied.contains($1.due.run.run) ? $1.plan.charges.count : 0) }
        counts.note(runs: applied.count, charges: charges)
        return applied
    }

    /// Charges the rest of a run that had more due than one plan holds: what ran for months while Weir was down.
    private func goOn(_ run: RunIdentity, seen: Timestamp) async throws {
        while let due = try await store.read({ try $0.unsettledRun(run) }) {
            guard let settlement = plan(due, now: seen), !settlement.isEmpty, try await !enter(batch: [settlement]).isEmpty else { return }
        }
    }
}
