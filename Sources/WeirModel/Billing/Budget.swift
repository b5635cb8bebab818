/// What a workspace, a project or a person may be charged in a calendar month.
public struct Budget: Hashable, Sendable, Codable {
    public static let mostWarnings = 10

    public let limit: Points
    /// Percents of the limit at which to warn.
    public let warnings: [Int]
    public let atLimit: Action

    /// What happens when the limit is reached.
    public enum Action: String, Sendable, Codable, CaseIterable {
        /// Nothing new starts; what runs goes on.
        case refuse
        /// Nothing new starts, and what runs is stopped at the next hour boundary.
        case stop
    }

    /// Throws `malformed` for a limit below 0, more than ten warnings, or one that is not from 1 to 100.
    public init(limit: Points, warnings: [Int], atLimit: Action) throws(WeirError) {
        guard limit >= 0 else { throw .malformed("limit", "0 or more") }
        guard warnings.count <= Self.mostWarnings, warnings.allSatisfy({ (1...100).contains($0) }) else {
            throw .malformed("warnings", "at most \(Self.mostWarnings) percents from 1 to 100")
        }
        self.limit = limit
        self.warnings = warnings
        self.atLimit = atLimit
    }

    public func isReached(charged: Points) -> Bool { charged >= limit }

    public func stops(charged: Points) -> Bool { atLimit == .stop && isReached(charged: charged) }

    /// Throws `budget_reached` for what starts.
    public func check(_ operation: Arrears.Operation, charged: Points) throws(WeirError) {
        guard !operation.needsBalance || !isReached(charged: charged) else { throw .budgetReached(operation, limit: limit) }
    }

    /// The percents that were reached by what was charged since the last look, the lowest first.
    public func warnings(before: Points, now: Points) -> [Int] {
        warnings.filter { !reaches(before, percent: $0) && reaches(now, percent: $0) }.sorted()
    }

    /// How much of the limit was charged, in whole percents; all of a limit of nothing.
    public func percent(of charged: Points) -> Int64 {
        limit > 0 ? Int64(clamping: Int128(charged.micro) * 100 / Int128(limit.micro)) : 100
    }

    private func reaches(_ charged: Points, percent: Int) -> Bool {
        Int128(charged.micro) * 100 >= Int128(limit.micro) * Int128(percent)
    }
}

/// The rest of a balance or a budget for the next start. A run that was let in counts before it is settled: with its first hour, or
/// all of it when it ends sooner, and from then on with what it has cost (BIL-18, N3).
public struct MoneyLeft: Hashable, Sendable {
    /// The balance, or the budget's limit.
    public let total: Points
    /// The charges on the ledger against it; none for a balance, which holds them already.
    public let charged: Points
    public let committed: Points

    public init(total: Points, charged: Points = 0, committed: Points) {
        self.total = total
        self.charged = charged
        self.committed = committed
    }

    public var left: Points { Points(micro: Int64(clamping: Int128(total.micro) - Int128(charged.micro) - Int128(committed.micro))) }

    /// A start that is free needs nothing left.
    public func pays(firstHour: Points) -> Bool { firstHour == 0 || firstHour <= left }
}

extension WeirError {
    public static func budgetShort(_ operation: Arrears.Operation, _ left: MoneyLeft, firstHour: Points) -> WeirError {
        WeirError(
            "budget_short", .conflict, subject: operation.rawValue,
            LocalizedText(
                "Its first hour costs \(firstHour) points, and \(left.left) of this month's budget are left: \(left.total), less \(left.charged) charged and \(left.committed) of what runs.",
                zh: "其首小时费用为 \(firstHour) 算力点，本月预算可用 \(left.left)：\(left.total)，减去已扣 \(left.charged) 和运行中的 \(left.committed)。"),
            remedy: LocalizedText(
                "Ask an administrator of the workspace to raise the budget, stop something, or choose a smaller flavor.",
                zh: "请联系空间管理员提高预算、停止其他任务或选择更小的规格。"))
    }

    public static func budgetReached(_ operation: Arrears.Operation, limit: Points) -> WeirError {
        WeirError(
            "budget_reached", .conflict, subject: operation.rawValue,
            LocalizedText(
                "The budget of this month (\(limit) points) is used up: nothing is started, submitted or uploaded.",
                zh: "本月预算（\(limit) 算力点）已用尽：不能启动、提交或上传。"),
            remedy: LocalizedText(
                "Ask an administrator of the workspace to raise the budget, or wait for the next month.",
                zh: "请联系空间管理员提高预算，或等到下个月。"))
    }
}
