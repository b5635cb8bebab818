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

    /// A waiting workload with its place among all that wait in the zone for their turn.
    public struct Line: Sendable {
        public let workload: WorkloadRecord
        /// Nil: it has none, for it waits for the balance or a budget.
        public let place: Int?
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

    /// What waits in a workspace, in the order of the queue; behind it what waits for money, and so has no place.
    /// - Returns: the first of them, and how many wait in the whole zone.
    public func list(
        in workspace: Identifier<Workspace>, named part: String? = nil, _ page: PageRequest = PageRequest(limit: PageRequest.most),
        for caller: Caller
    ) async throws -> Waiting {
        try await store.read { db in _ = try db.role(of: caller, in: workspace, for: .seeWorkspace) }
        let now = clock.now()
        let view = await dispatcher.view()
        let order = view.scheduler.waitingEntries
        let placed = order.enumerated().filter { $0.element.workspace == workspace }.map { Waiter(id: $0.element.id, place: $0.offset + 1) }
        let unpaid = view.withheld.values.filter { $0.starting.workspace == workspace }.map(\.id).sorted()
        let own = placed + unpaid.map { Waiter(id: $0, place: nil) }
        let rest = own.drop { $0.isInPart(endingAt: page.after) }
        let looked = rest.prefix(part == nil ? page.limit : Self.mostSearched)
        let forecasts = await view.forecasts(at: now, most: Scheduler.mostForecast)
        let records = try await store.read { db in try looked.compactMap { try db.workload($0.id) } }
        let byId = Dictionary(records.map { ($0.id, $0) }) { first, _ in first }
        let lines = looked.compactMap { waiter -> Line? in
            guard let workload = byId[waiter.id], workload.state == .queued else { return nil }
            if let part, !workload.name.lowercased().contains(part.lowercased()) { return nil }
            return Line(
                workload: workload, place: waiter.place, reason: view.withheld[waiter.id]?.reason ?? view.scheduler.reason(of: waiter.id),
                forecast: forecasts[waiter.id])
        }
        let shown = Array(lines.prefix(page.limit))
        let last = lines.count > shown.count ? shown.last.map { Waiter($0) } : rest.count > looked.count ? looked.last : nil
        return Waiting(
            lines: Page(items: shown, next: last?.cursor), waiting: own.count, waitingInZone: order.count + view.withheld.count, at: now)
    }

    /// Its place in a list that is given part by part: by the number it has in the queue or, behind all those, by its identifier.
    private struct Waiter {
        let id: Identifier<Workload>
        let place: Int?

        init(id: Identifier<Workload>, place: Int?) { (self.id, self.place) = (id, place) }

        init(_ line: Line) { self.init(id: line.workload.id, place: line.place) }

        var cursor: String { place.map { "\($0)" } ?? id.text }

        func isInPart(endingAt cursor: String?) -> Bool {
            guard let cursor else { return false }
            if let passed = Int(cursor) { return place.map { $0 <= passed } ?? false }
            guard let last = Identifier<Workload>(cursor) else { return false }
            return place != nil || id <= last
        }
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
