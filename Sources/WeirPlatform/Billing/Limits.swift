import WeirModel
import WeirStore

/// The one gate before all that costs: a balance or a budget that is used up refuses it (BIL-18), and a workspace that is being closed.
///
/// It is asked in the transaction that then acts, so that nothing slips in between a charge and a start.
public struct Limits: Sendable {
    let clock: any WallClock
    let calendar: BillingCalendar
    /// Off, nothing is refused for money.
    let isEnforced: Bool

    /// Throws `balance_used_up`, `budget_reached`, `workspace_closing`.
    /// - Parameters:
    ///   - project: to whose budget it counts; nil for what belongs to none.
    ///   - account: to whose budget it counts: who starts or started the workload, or uploads.
    func check(
        _ operation: Arrears.Operation, in workspace: Identifier<Workspace>, project: Identifier<Project>?,
        by account: Identifier<Account>, _ db: Reading
    ) throws {
        guard operation.needsBalance else { return }
        try db.requireOpen(workspace)
        guard isEnforced else { return }
        try Arrears.check(operation, balance: db.balance(of: workspace).balance)
        let month = try calendar.month(of: clock.now())
        for record in try db.budgets(of: workspace, project: project, account: account, in: month) {
            try record.budget.check(operation, charged: record.charged)
        }
    }

    func check(starting workload: WorkloadRecord, _ db: Reading) throws {
        try check(.starting(workload.kind), in: workload.workspace, project: workload.project, by: workload.startedBy, db)
    }
}
