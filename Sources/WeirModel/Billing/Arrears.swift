/// What goes and what does not go when the balance of a workspace is used up (BIL-17 to BIL-19).
public enum Arrears {
    /// What a person may want while the balance is used up.
    public enum Operation: String, Sendable, CaseIterable {
        case startEnvironment = "start_environment"
        case submitJob = "submit_job"
        case startService = "start_service"
        case startBoard = "start_board"
        case upload
        case enter, stop, download, delete, pay

        /// What adds to the debt is refused; what ends it, or brings people to their data, never is.
        public var needsBalance: Bool {
            switch self {
            case .startEnvironment, .submitJob, .startService, .startBoard, .upload: true
            case .enter, .stop, .download, .delete, .pay: false
            }
        }

        public static func starting(_ kind: WorkloadKind) -> Operation {
            switch kind {
            case .environment: .startEnvironment
            case .job: .submitJob
            case .service: .startService
            case .board: .startBoard
            }
        }
    }

    /// A balance of zero is used up.
    public static func isUsedUp(_ balance: Points) -> Bool { balance <= 0 }

    /// Throws `balance_used_up` (BIL-18).
    public static func check(_ operation: Operation, balance: Points) throws(WeirError) {
        guard !operation.needsBalance || !isUsedUp(balance) else { throw .balanceUsedUp(operation, balance: balance) }
    }

    /// When running workloads are stopped: at the first hour boundary after the balance was used up (BIL-19). A recharge before
    /// that prevents it.
    public static func stopsAt(usedUpSince: Timestamp) -> Timestamp { BillingCalendar.nextHour(after: usedUpSince) }

    /// Whether running workloads are to be stopped now.
    /// - Parameter usedUpSince: since when the balance has been used up without a break; nil while it is not.
    public static func mustStop(usedUpSince: Timestamp?, now: Timestamp) -> Bool {
        guard let usedUpSince else { return false }
        return now >= stopsAt(usedUpSince: usedUpSince)
    }
}

extension WeirError {
    /// The reason to go on waiting when it is the money that refuses; else nil.
    public var waitsFor: QueueReason? {
        switch code {
        case "balance_used_up", "balance_short": .balance
        case "budget_reached", "budget_short": .budget
        default: nil
        }
    }

    public static func balanceShort(_ operation: Arrears.Operation, _ left: MoneyLeft, firstHour: Points) -> WeirError {
        WeirError(
            "balance_short", .conflict, subject: operation.rawValue, rule: "BIL-18",
            LocalizedText(
                "Its first hour costs \(firstHour) points, and \(left.left) are left: the balance of \(left.total), less \(left.committed) of what runs and is not charged yet.",
                zh: "其首小时费用为 \(firstHour) 算力点，可用 \(left.left)：余额 \(left.total)，减去运行中尚未扣费的 \(left.committed)。"),
            remedy: LocalizedText(
                "Recharge the workspace under ¥ (fee centre), stop something, or choose a smaller flavor.",
                zh: "请通过右上角 ¥（费用中心）充值、停止其他任务或选择更小的规格。"))
    }

    public static func balanceUsedUp(_ operation: Arrears.Operation, balance: Points) -> WeirError {
        WeirError(
            "balance_used_up", .conflict, subject: operation.rawValue, rule: "BIL-18",
            LocalizedText(
                "The balance of this workspace is used up (\(balance) points): nothing is started, submitted or uploaded.",
                zh: "工作空间余额已用尽（\(balance) 算力点）：不能启动、提交或上传。"),
            remedy: LocalizedText(
                "Recharge the workspace under ¥ (fee centre), or ask its administrator or the operator to.",
                zh: "请通过右上角 ¥（费用中心）充值，或联系空间管理员或运营管理员充值。"))
    }
}
