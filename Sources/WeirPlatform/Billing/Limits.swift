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
        try checkUsedUp(operation, in: workspace, project: project, by: account, db)
    }

    /// Throws `balance_used_up`, `budget_reached`.
    func checkUsedUp(
        _ operation: Arrears.Operation, in workspace: Identifier<Workspace>, project: Identifier<Project>?,
        by account: Identifier<Account>, _ db: Reading
    ) throws {
        guard isEnforced else { return }
        try standing(of: MoneyStanding.Subject(workspace: workspace, project: project, account: account), db).check(operation)
    }

    fileprivate func standing(of subject: MoneyStanding.Subject, _ db: Reading) throws -> MoneyStanding {
        let month = try calendar.month(of: clock.now())
        return MoneyStanding(
            balance: try db.balance(of: subject.workspace).balance,
            budgets: try db.budgets(of: subject.workspace, project: subject.project, account: subject.account, in: month))
    }

    /// Throws what `check` throws, and `balance_short`, `budget_short` when what is left does not pay for its first hour.
    func check(starting workload: WorkloadRecord, firstHour: Points, _ db: Reading) throws {
        try check(.starting(workload.kind), in: workload.workspace, project: workload.project, by: workload.startedBy, db)
        var gate = MoneyGate(limits: self)
        try gate.require(Starting(workload, firstHour: firstHour), db)
    }

    /// A workload that is to start, as far as its money goes.
    struct Starting: Hashable, Sendable {
        let kind: WorkloadKind
        let workspace: Identifier<Workspace>
        let project: Identifier<Project>
        let account: Identifier<Account>
        let firstHour: Points

        init(
            kind: WorkloadKind, workspace: Identifier<Workspace>, project: Identifier<Project>, account: Identifier<Account>,
            firstHour: Points
        ) {
            self.kind = kind
            self.workspace = workspace
            self.project = project
            self.account = account
            self.firstHour = firstHour
        }

        init(_ workload: WorkloadRecord, firstHour: Points) {
            self.init(
                kind: workload.kind, workspace: workload.workspace, project: workload.project, account: workload.startedBy,
                firstHour: firstHour)
        }

        /// As it waits. One whose price nobody can read is paid for by nothing, and keeps nobody else from starting.
        init(waiting workload: WorkloadRecord, _ db: Reading) throws {
            var firstHour = Points.most
            do { firstHour = try db.firstHour(of: workload) } catch is DecodingError {} catch is WeirError {}
            self.init(workload, firstHour: firstHour)
        }

        var hasUnreadablePrice: Bool { firstHour == .most }
    }
}

/// The balance of a workspace, and the budgets that something in it counts to.
private struct MoneyStanding {
    struct Subject: Hashable {
        let workspace: Identifier<Workspace>
        let project: Identifier<Project>?
        let account: Identifier<Account>
    }

    let balance: Points
    let budgets: [BudgetRecord]

    /// Throws `balance_used_up`, `budget_reached`.
    func check(_ operation: Arrears.Operation) throws {
        try Arrears.check(operation, balance: balance)
        for record in budgets { try record.budget.check(operation, charged: record.charged) }
    }
}

/// Lets in what balances and budgets pay for, one after the other within one reading of the store. What counts to the same is read once.
struct MoneyGate {
    let limits: Limits
    private var commitments: [Identifier<Workspace>: Commitments] = [:]
    private var standings: [MoneyStanding.Subject: MoneyStanding] = [:]

    init(limits: Limits) { self.limits = limits }

    /// Throws `balance_used_up`, `balance_short`, `budget_reached`, `budget_short`.
    mutating func require(_ starting: Limits.Starting, _ db: Reading) throws {
        guard limits.isEnforced else { return }
        let operation = Arrears.Operation.starting(starting.kind)
        try standing(of: starting, db).check(operation)
        guard starting.firstHour > 0 else { return }
        let left = try left(for: starting, db)
        guard left.balance.pays(firstHour: starting.firstHour) else {
            throw WeirError.balanceShort(operation, left.balance, firstHour: starting.firstHour)
        }
        for (_, budget) in left.budgets where !budget.pays(firstHour: starting.firstHour) {
            throw WeirError.budgetShort(operation, budget, firstHour: starting.firstHour)
        }
    }

    /// A start that was let in counts for those after it.
    mutating func take(_ starting: Limits.Starting) throws {
        try commitments[starting.workspace]?.add(starting.firstHour, project: starting.project, account: starting.account)
    }

    /// The money left of the balance, and of each budget that it would count to.
    mutating func left(
        for starting: Limits.Starting, _ db: Reading
    ) throws -> (balance: MoneyLeft, budgets: [(scope: SpendingScope, left: MoneyLeft)]) {
        let now = limits.clock.now()
        let held = try commitments[starting.workspace] ?? db.commitments(of: starting.workspace, at: now)
        commitments[starting.workspace] = held
        let standing = try standing(of: starting, db)
        return (
            MoneyLeft(total: standing.balance, committed: held[.workspace]),
            standing.budgets.map { ($0.scope, MoneyLeft(total: $0.budget.limit, charged: $0.charged, committed: held[$0.scope])) }
        )
    }

    private mutating func standing(of starting: Limits.Starting, _ db: Reading) throws -> MoneyStanding {
        let subject = MoneyStanding.Subject(workspace: starting.workspace, project: starting.project, account: starting.account)
        if let known = standings[subject] { return known }
        let standing = try limits.standing(of: subject, db)
        standings[subject] = standing
        return standing
    }
}
