/// What people are told about their balance and their budgets (BIL-18, BIL-19).
public enum BillingNotice: Hashable, Sendable {
    case balanceLow(BalanceWarnings.Warning, Outlook)
    /// - Parameter stopsAt: when what runs will be stopped, in the time of the installation; nil where nothing is stopped for money.
    case balanceUsedUp(Points, stopsAt: String?)
    case stoppedForArrears(workloads: Int)
    case budgetWarning(percent: Int, Budget, charged: Points, BillMonth)
    case budgetReached(Budget, BillMonth)
    case stoppedForBudget(workloads: Int, Budget, BillMonth)

    /// Stable for programs.
    public var code: String {
        switch self {
        case .balanceLow: "balance_low"
        case .balanceUsedUp: "balance_used_up"
        case .stoppedForArrears: "stopped_for_arrears"
        case .budgetWarning: "budget_warning"
        case .budgetReached: "budget_reached"
        case .stoppedForBudget: "stopped_for_budget"
        }
    }

    /// It is about a budget, and says whose.
    public var isOfBudget: Bool {
        switch self {
        case .balanceLow, .balanceUsedUp, .stoppedForArrears: false
        case .budgetWarning, .budgetReached, .stoppedForBudget: true
        }
    }

    public var text: LocalizedText {
        switch self {
        case .balanceLow(.amount(let amount), let outlook):
            LocalizedText(
                "The balance is \(outlook.balance) points; you asked to be told at \(amount).",
                zh: "余额为 \(outlook.balance) 算力点，已低于预警金额 \(amount)。")
        case .balanceLow(.hours(let hours), let outlook):
            LocalizedText(
                "The balance of \(outlook.balance) points lasts for \(outlook.hoursLeft ?? 0) h at \(outlook.perHour) an hour; you are told at \(hours) h.",
                zh: "余额 \(outlook.balance) 算力点，按每小时 \(outlook.perHour) 计可用 \(outlook.hoursLeft ?? 0) 小时，已低于预警的 \(hours) 小时。")
        case .balanceUsedUp(let balance, let stopsAt):
            LocalizedText(
                "The balance is used up (\(balance) points): nothing new is started, submitted or uploaded."
                    + (stopsAt.map { " What runs is stopped at \($0), unless the workspace is recharged before." } ?? ""),
                zh: "余额已用尽（\(balance) 算力点）：不能启动、提交或上传。"
                    + (stopsAt.map { "若未充值，运行中的任务将于 \($0) 停止。" } ?? ""))
        case .stoppedForArrears(let count):
            LocalizedText(
                "\(count) workloads were stopped since the balance is used up. What they wrote to /gemini/output is kept; start them again after a recharge.",
                zh: "因余额用尽，已停止 \(count) 个任务；/gemini/output 中的结果已保留，充值后可重新启动。")
        case .budgetWarning(let percent, let budget, let charged, let month):
            LocalizedText(
                "\(charged) points were charged in \(month), \(budget.percent(of: charged)) % of the budget of \(budget.limit); you asked to be told at \(percent) %.",
                zh: "\(month) 已扣费 \(charged) 算力点，为预算 \(budget.limit) 的 \(budget.percent(of: charged))%，已达预警的 \(percent)%。")
        case .budgetReached(let budget, let month):
            LocalizedText(
                "The budget of \(budget.limit) points for \(month) is used up: nothing new starts"
                    + (budget.atLimit == .stop ? ", and what runs is stopped at the next full hour." : "."),
                zh: "\(month) 预算 \(budget.limit) 算力点已用尽：不能启动新任务"
                    + (budget.atLimit == .stop ? "，运行中的任务将于下一整点停止。" : "。"))
        case .stoppedForBudget(let count, let budget, let month):
            LocalizedText(
                "\(count) workloads were stopped since the budget of \(budget.limit) points for \(month) is used up. What they wrote to /gemini/output is kept.",
                zh: "因 \(month) 预算 \(budget.limit) 算力点已用尽，已停止 \(count) 个任务；/gemini/output 中的结果已保留。")
        }
    }
}

extension BalanceWarnings {
    /// For a workspace that has set none: a day before.
    public static let standardHours: [Int64] = [24]
}
