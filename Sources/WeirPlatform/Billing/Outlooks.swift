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
        let (standing, charged, running) = try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            return (
                try db.balance(of: workspace), try db.spendings(of: workspace, in: month), try db.runningRuns(in: workspace)
            )
        }
        var runs: [SpendingScope: [UnsettledRun]] = [:]
        for run in running {
            for scope in [.workspace, .project(run.project), .account(run.account)] as [SpendingScope] {
                runs[scope, default: []].append(run)
            }
        }
        var months: [SpendingScope: MonthOutlook] = [:]
        for scope in Set(charged.keys).union(runs.keys).union([.workspace]) {
            let sum = charged[scope] ?? 0
            let forecast = try Outlook.forecast(
                charged: sum, running: (runs[scope] ?? []).map { ($0.run, $0.settled, $0.stopAt) }, now: now, calendar: calendar)
            months[scope] = MonthOutlook(charged: sum, forecast: forecast)
        }
        let perDay = try await storage.perDay(of: workspace)
        if let whole = months[.workspace] {
            // Today's storage is charged when the day is over.
            let left = try calendar.monthBounds(around: now).upperBound - calendar.dayBounds(around: now).lowerBound
            let days = (left.milliseconds + 43_200_000) / 86_400_000
            months[.workspace] = MonthOutlook(
                charged: whole.charged, forecast: try whole.forecast.adding(Points(exactly: Int128(perDay.micro) * Int128(days))))
        }
        let perHour = try running.reduce(Points(micro: perDay.micro / 24)) { try $0.adding($1.run.price.amount(minutes: 60)) }
        return WorkspaceOutlook(
            outlook: Outlook(balance: standing.balance, perHour: perHour), usedUpSince: standing.usedUpSince,
            stopsAt: isEnforced ? standing.usedUpSince.map { Arrears.stopsAt(usedUpSince: $0) } : nil, month: month, months: months)
    }
}
