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

    private func reaches(_ charged: Points, percent: Int) -> Bool {
        Int128(charged.micro) * 100 >= Int128(limit.micro) * Int128(percent)
    }
}

extension WeirError {
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
