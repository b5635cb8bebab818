/// The reason for which a workload waits: two of the queue (X22, QUO-04, QUO-05), and two more for which it has no turn in it: nothing is
/// let in that the balance or a budget does not pay for (BIL-18).
public enum QueueReason: String, Sendable, Codable {
    case quota, resources, balance, budget

    public var message: LocalizedText {
        switch self {
        case .quota:
            LocalizedText(
                "Waits for quota; it starts by itself when other workloads free some.", zh: "配额不足，其他任务释放后自动启动。")
        case .balance:
            LocalizedText(
                "Waits for money: the balance, less what runs, does not pay for its first hour. It starts by itself after a recharge, or when something ends.",
                zh: "余额不足：扣除正在运行的任务后，不足以支付其首小时费用。充值或有任务结束后自动启动。")
        case .budget:
            LocalizedText(
                "Waits for a budget: what is left of it, less what runs, does not pay for its first hour. It starts by itself when the budget is raised, when something ends, or in the next month.",
                zh: "预算不足：扣除正在运行的任务后，不足以支付其首小时费用。提高预算、有任务结束或进入下个月后自动启动。")
        case .resources:
            LocalizedText("Waits for free resources; it starts by itself when there are some.", zh: "资源不足，释放后自动启动。")
        }
    }
}
