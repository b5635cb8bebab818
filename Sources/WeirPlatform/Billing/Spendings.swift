public import WeirModel
public import WeirStore

/// The cost of a month by its days, and by those it counts to; running work is in it (ux 18).
public struct Spendings: Sendable {
    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar

    /// The parts into which a month is divided.
    public enum Part: String, CaseIterable, Sendable {
        case workspace, project, person
    }

    public struct Curve: Sendable {
        public let month: BillMonth
        public let days: [BillDay]
        /// The largest first.
        public let series: [Series]
        /// The cost of what runs now that is on no bill yet; 0 for an earlier month. It is in the last day.
        public let running: Points
    }

    public struct Series: Sendable {
        /// Nil for what is nobody's, as the libraries' storage.
        public let subject: SpendingScope?
        /// One for each day.
        public let amounts: [Points]
        public let total: Points
    }

    public func curve(
        of workspace: Identifier<Workspace>, in month: BillMonth?, by part: Part, for caller: Caller
    ) async throws -> Curve {
        let now = clock.now()
        let current = try calendar.month(of: now)
        let month = month ?? current
        var days: [BillDay] = []
        var bounds: [Range<Timestamp>] = []
        for number in 1...31 {
            let day = BillDay(month: month, day: number)
            guard let span = try? calendar.bounds(of: day), span.lowerBound <= now || number == 1 else { break }
            days.append(day)
            bounds.append(span)
        }
        let spans = bounds
        let (charged, runs, seesPeople) = try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            return (
                try db.spending(of: workspace, in: month, days: spans),
                try month == current ? db.runningRuns(in: workspace) : [], try db.seesPeople(of: workspace, caller)
            )
        }
        var sums: [SpendingScope?: [Points]] = [:]
        func add(_ amount: Points, _ project: Identifier<Project>?, _ account: Identifier<Account>?, on day: Int) throws {
            let subject: SpendingScope? =
                switch part {
                case .workspace: .workspace
                case .project: project.map { .project($0) }
                case .person: account.map { .account($0) }
                }
            var amounts = sums[subject] ?? Array(repeating: 0, count: days.count)
            amounts[day] = try amounts[day].adding(amount)
            sums[subject] = amounts
        }
        for one in charged where days.indices.contains(one.day) { try add(one.amount, one.project, one.account, on: one.day) }
        var running: Points = 0
        for run in runs {
            let so = try run.run.price.amount(minutes: run.run.minutes(until: run.run.end ?? run.counted(at: now)))
            let open = try so.subtracting(run.run.price.amount(minutes: run.settled.minutes))
            guard open > 0 else { continue }
            running = try running.adding(open)
            try add(open, run.project, run.account, on: days.count - 1)
        }
        if !seesPeople { sums = sums.filter { $0.key?.isSeen(by: caller) ?? true } }
        let series = try sums.map { Series(subject: $0.key, amounts: $0.value, total: try Points.sum($0.value)) }
        return Curve(month: month, days: days, series: series.sorted { $0.total > $1.total }, running: running)
    }
}
