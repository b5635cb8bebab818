public import WeirModel
public import WeirStore

/// How long a balance lasts, and what the month will come to, from what runs now (BIL-29).
public struct Outlooks: Sendable {
    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar
    let isEnforced: Bool
    let storage: StorageUsages

    public struct WorkspaceOutlook: Hashable, Sendable {
        public let outlook: Outlook
        public let usedUpSince: Timestamp?
        /// When what runs is stopped, unless the workspace is recharged before; nil while the balance is not used up.
        public let stopsAt: Timestamp?
        public let month: BillMonth
        /// By what it counts to: the workspace, and each project and person with a charge or with something that runs.
        public let months: [SpendingScope: MonthOutlook]
    }

    public struct MonthOutlook: Hashable, Sendable {
        /// In the month, up to now.
        public let charged: Points
        /// What the month comes to if what runs now goes on.
        public let forecast: Points
    }

    public func outlook(of workspace: Identifier<Workspace>, for caller: Caller) async throws -> WorkspaceOutlook {
        let now = clock.now()
        let month = try calendar.month(of: now)
        let (standing, charged, running, seesPeople) = try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            return (
                try db.balance(of: workspace), try db.spendings(of: workspace, in: month), try db.runningRuns(in: workspace),
                try db.seesPeople(of: workspace, caller)
            )
        }
        let bounds = try calendar.monthBounds(around: now)
        var months = charged.mapValues { MonthOutlook(charged: $0, forecast: $0) }
        for run in running {
            let toCome = try Outlook.toCome(of: run.run, settled: run.settled, ends: run.stopAt, now: now, month: bounds)
            for scope in [.workspace, .project(run.project), .account(run.account)] as [SpendingScope] {
                let before = months[scope] ?? MonthOutlook(charged: 0, forecast: 0)
                months[scope] = MonthOutlook(charged: before.charged, forecast: try before.forecast.adding(toCome))
            }
        }
        if !seesPeople { months = months.filter { $0.key.isSeen(by: caller) } }
        let perDay = try await storage.perDay(of: workspace)
        // Today's storage is charged when the day is over.
        let left = try bounds.upperBound - calendar.dayBounds(around: now).lowerBound
        let days = (left.milliseconds + 43_200_000) / 86_400_000
        let whole = months[.workspace] ?? MonthOutlook(charged: 0, forecast: 0)
        months[.workspace] = MonthOutlook(
            charged: whole.charged, forecast: try whole.forecast.adding(Points(exactly: Int128(perDay.micro) * Int128(days))))
        let perHour = try running.reduce(Points(micro: perDay.micro / 24)) { try $0.adding($1.run.price.amount(minutes: 60)) }
        return WorkspaceOutlook(
            outlook: Outlook(balance: standing.balance, perHour: perHour), usedUpSince: standing.usedUpSince,
            stopsAt: isEnforced ? standing.usedUpSince.map { Arrears.stopsAt(usedUpSince: $0) } : nil, month: month, months: months)
    }
}

extension SpendingScope {
    /// A person's charges in sum, less the runs that everybody sees, tell how much is in their home and netdisk.
    func isSeen(by caller: Caller) -> Bool {
        if case .account(let person) = self { person == caller.id } else { true }
    }
}
