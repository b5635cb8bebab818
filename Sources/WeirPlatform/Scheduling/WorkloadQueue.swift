public import WeirModel
public import WeirStore

/// What waits, in which place, why, and when it is expected to start (QUO-04, QUO-05, DEV-26).
public struct WorkloadQueue: Sendable {
    /// Among how many that wait a name is looked for at once.
    static let mostSearched = 1000
    /// The newest forecasts that a score is made of.
    static let mostScored = 1000

    let store: Store
    let clock: any WallClock
    let dispatcher: Dispatcher
    let zones: Zones
    let calendar: BillingCalendar

    /// A waiting workload with its place among all that wait in the zone.
    public struct Line: Sendable {
        public let workload: WorkloadRecord
        public let place: Int
        public let reason: QueueReason?
        /// Nil: what it depends on has no known end.
        public let forecast: StartForecast?
    }

    /// A part of what a workspace waits for.
    public struct Waiting: Sendable {
        public let lines: Page<Line>
        /// Of the workspace, all together.
        public let waiting: Int
        public let waitingInZone: Int
        public let at: Timestamp
    }

    /// Why a workload waits.
    public struct Why: Sendable {
        public let workload: WorkloadRecord
        /// Nil: it does not wait, or the first decision on it is just being made.
        public let explanation: WaitExplanation?
        /// How good earlier forecasts were; nil before there was one.
        public let score: ForecastScore?
        /// Its earlier runs that gave way to others.
        public let preemptions: [PreemptionRecord]
        public let at: Timestamp
    }

    public func why(_ id: Identifier<Workload>, for caller: Caller) async throws -> Why {
        let (workload, flavors, preemptions) = try await store.read { db in
            let workload = try db.workload(id, for: caller, .seeWorkspace)
            return (workload, try db.flavors(), try db.preemptions(of: id))
        }
        let now = clock.now()
        let alternatives = flavors.filter { $0.name != workload.spec.flavor.name }.map {
            WaitExplanation.Alternative(flavor: $0.name, demand: $0.demand)
        }
        let explanation: WaitExplanation? =
            if workload.state == .queued {
                await dispatcher.view().explanation(of: id, at: now, viewer: caller.id, alternatives: alternatives)
                    ?? WaitExplanation(waitingFor: workload.queueReason)
            } else { nil }
        return Why(
            workload: workload, explanation: explanation, score: try await score(), preemptions: preemptions, at: now)
    }

    /// What waits in a workspace, in the order of the queue.
    /// - Returns: the first of them, and how many wait in the whole zone.
    public func list(
        in workspace: Identifier<Workspace>, named part: String? = nil, _ page: PageRequest = PageRequest(limit: PageRequest.most),
        for caller: Caller
    ) async throws -> Waiting {
        try await store.read { db in _ = try db.role(of: caller, in: workspace, for: .seeWorkspace) }
        let now = clock.now()
        let view = await dispatcher.view()
        let order = view.scheduler.waitingEntries
        let own = order.enumerated().filter { $0.element.workspace == workspace }
        let passed = page.after.flatMap { Int($0) } ?? 0
        let rest = own.drop { $0.offset < passed }
        let looked = rest.prefix(part == nil ? page.limit : Self.mostSearched)
        let forecasts = await view.forecasts(at: now, most: Scheduler.mostForecast)
        let records = try await store.read { db in try looked.compactMap { try db.workload($0.element.id) } }
        let byId = Dictionary(records.map { ($0.id, $0) }) { first, _ in first }
        let lines = looked.compactMap { position, entry -> Line? in
            guard let workload = byId[entry.id], workload.state == .queued else { return nil }
            if let part, !workload.name.lowercased().contains(part.lowercased()) { return nil }
            return Line(
                workload: workload, place: position + 1, reason: view.scheduler.reason(of: entry.id), forecast: forecasts[entry.id])
        }
        let shown = Array(lines.prefix(page.limit))
        let last = lines.count > shown.count ? shown.last?.place : rest.count > looked.count ? looked.last.map { $0.offset + 1 } : nil
        return Waiting(lines: Page(items: shown, next: last.map { String($0) }), waiting: own.count, waitingInZone: order.count, at: now)
    }

    /// How good the forecasts of the last starts were.
    public func score() async throws -> ForecastScore? {
        let scored = try await store.read { try $0.scoredForecasts(limit: Self.mostScored) }
        return ForecastScore(
            scored.compactMap { record in
                record.startedAt.map { start in
                    (StartForecast(low: record.low, median: record.median, high: record.high, basis: .none), start)
                }
            })
    }
}
