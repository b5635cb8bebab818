/// What a submission will cost, shown before it is made (BIL-23).
public struct Quote: Hashable, Sendable, Codable {
    public let price: RunPrice
    public let perHour: Points
    public let perDay: Points
    /// The longest that the run can last, in whole minutes, and what that costs; nil when nothing ends it by itself.
    public let longest: Longest?
    /// It ends with its command.
    public let isJob: Bool

    public struct Longest: Hashable, Sendable, Codable {
        public let minutes: Int64
        public let amount: Points
    }

    /// - Parameter limit: seconds after which the run ends by itself.
    public init(_ price: RunPrice, limit: Int?, isJob: Bool = false) throws(WeirError) {
        self.price = price
        self.isJob = isJob
        perHour = try price.amount(minutes: 60)
        perDay = try price.amount(minutes: 24 * 60)
        if let limit {
            guard limit >= 0 else { throw .malformed("limit", "0 or more seconds", rule: "BIL-23") }
            let minutes = Int64(limit / 60) + (limit % 60 > 0 ? 1 : 0)
            longest = Longest(minutes: minutes, amount: try price.amount(minutes: minutes))
        } else {
            longest = nil
        }
    }

    /// The prices of the parts: `2 cores × 0.060000 + …`, for an hour.
    public var formula: LocalizedText { price.formula }

    /// What is to be said where nothing ends the run (BIL-29, DEV-24).
    public var warning: LocalizedText? {
        guard longest == nil else { return nil }
        if isJob {
            return LocalizedText(
                "This job ends with its command and has no time limit: it costs \(perDay) points a day for as long as the command runs.",
                zh: "任务随命令结束，未设置时限：命令运行期间每天花费 \(perDay) 算力点。")
        }
        return LocalizedText(
            "Nothing stops this run by itself: it costs \(perDay) points a day until somebody stops it.",
            zh: "未设置自动停止：在手动停止之前，每天花费 \(perDay) 算力点。")
    }
}

extension Tariff {
    /// Throws `no_price`, `amount_too_large`.
    public func quote(for spec: WorkloadSpec) throws(WeirError) -> Quote {
        try Quote(price(of: spec), limit: spec.runLimit, isJob: spec.kind == .job)
    }
}
