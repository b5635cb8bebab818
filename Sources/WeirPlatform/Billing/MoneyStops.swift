import Logging
import WeirModel
import WeirStore

/// What runs is stopped at a full hour when the balance, or a budget that says so, has been used up since before it (BIL-19).
///
/// Only what is wanted is written here; the Reconciler stops gracefully, and outputs are kept.
struct MoneyStops: Sendable {
    /// Workloads that are stopped in one transaction.
    static let mostAtOnce = 200
    /// The setting that holds the last full hour at which budgets were looked at.
    static let hourSetting = "budgets.hour"

    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar
    let signals: WorkloadSignals
    let isEnforced: Bool
    let logger: Logger

    /// Stops what has to be by now. To be called before the charges of the hour are made: what they use up has an hour left.
    func stop() async throws {
        guard isEnforced else { return }
        try await stopForArrears()
        try await stopForBudgets()
    }

    // MARK: Balances

    private func stopForArrears() async throws {
        let now = clock.now()
        var cursor: Identifier<Workspace>?
        while true {
            let last = cursor
            let page = try await store.read { try $0.workspacesUsedUp(since: now, after: last) }
            guard let end = page.last?.workspace else { return }
            for (workspace, balance) in page where Arrears.mustStop(usedUpSince: balance.usedUpSince, now: now) {
                try await stopForArrears(workspace, now: now)
            }
            cursor = end
        }
    }

    private func stopForArrears(_ workspace: Identifier<Workspace>, now: Timestamp) async throws {
        var stopped = 0
        while true {
            let before = stopped
            let part = try await store.write { db -> [WorkloadRecord] in
                // A recharge that came meanwhile prevents it.
                let since = try db.read.balance(of: workspace).usedUpSince
                guard Arrears.mustStop(usedUpSince: since, now: now), let since else { return [] }
                let part = try stop(.workspace, of: workspace, cause: "balance_used_up", at: now, db)
                if part.count < Self.mostAtOnce, before + part.count > 0 {
                    try db.give(
                        .stoppedForArrears(workloads: before + part.count), to: workspace,
                        key: "arrears/\(workspace)/\(since.milliseconds)/\(now.milliseconds)/stopped", at: now)
                }
                return part
            }
            stopped += part.count
            tell(part, in: workspace)
            guard part.count == Self.mostAtOnce else { break }
        }
        if stopped > 0 {
            logger.info("stopped for arrears", metadata: ["workspace": "\(workspace)", "workloads": "\(stopped)"])
        }
    }

    // MARK: Budgets

    /// A budget is looked at once for each full hour, also when Weir was down at it: one that was used up later has time to the next.
    private func stopForBudgets() async throws {
        let now = clock.now()
        let hour = BillingCalendar.hourStart(now)
        let last = try await store.read { try $0.moment(Self.hourSetting) }
        guard last != hour else { return }
        if last != nil {
            let month = try calendar.month(of: now)
            var cursor: (Identifier<Workspace>, SpendingScope)?
            while true {
                let after = cursor
                let page = try await store.read { try $0.budgets(in: month, after: after) }
                guard let end = page.last else { break }
                for record in page where record.budget.stops(charged: record.charged) {
                    try await stopForBudget(record, in: month, now: now)
                }
                cursor = (end.workspace, end.scope)
            }
        }
        try await store.write { try $0.setMoment(Self.hourSetting, to: hour) }
    }

    private func stopForBudget(_ record: BudgetRecord, in month: BillMonth, now: Timestamp) async throws {
        var stopped = 0
        while true {
            let before = stopped
            let part = try await store.write { db -> [WorkloadRecord] in
                // A person may have raised it meanwhile.
                guard let current = try db.read.budget(of: record.scope, in: record.workspace, month: month),
                    current.budget.stops(charged: current.charged)
                else { return [] }
                let part = try stop(record.scope, of: record.workspace, cause: "budget_reached", at: now, db)
                if part.count < Self.mostAtOnce, before + part.count > 0 {
                    try db.give(
                        .stoppedForBudget(workloads: before + part.count, current.budget, month), to: record.workspace,
                        key: "budget/\(record.workspace)/\(record.scope)/\(month)/\(now.milliseconds)/stopped",
                        subject: record.scope, at: now)
                }
                return part
            }
            stopped += part.count
            tell(part, in: record.workspace)
            guard part.count == Self.mostAtOnce else { return }
        }
    }

    // MARK: Stopping

    private func stop(
        _ scope: SpendingScope, of workspace: Identifier<Workspace>, cause: String, at now: Timestamp, _ db: Writing
    ) throws -> [WorkloadRecord] {
        let part = try db.read.wantedWorkloads(of: workspace, scope, limit: Self.mostAtOnce)
        for workload in part {
            // It gives way to another one, and would go on when its turn came.
            guard workload.state != .stopping else {
                try db.giveUp(workload, cause: Cause(cause), at: now)
                continue
            }
            let changed = try db.apply(.stopWanted, to: workload, cause: Cause(cause), at: now)
            if changed.state == .stopped { try db.closePort(of: workload.id) }
        }
        return part
    }

    private func tell(_ stopped: [WorkloadRecord], in workspace: Identifier<Workspace>) {
        for workload in stopped { signals.send(.workload(workload.id)) }
        if !stopped.isEmpty { signals.changed(in: workspace) }
    }
}
