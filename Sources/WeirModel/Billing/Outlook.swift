/// How long a balance lasts, and what a month will come to, if what runs now goes on as it does.
public struct Outlook: Hashable, Sendable {
    public let balance: Points
    /// What all that runs and is kept costs an hour.
    public let perHour: Points

    public init(balance: Points, perHour: Points) {
        self.balance = balance
        self.perHour = perHour
    }

    /// Full hours until the balance is used up: 0 when it is; nil when nothing is charged.
    public var hoursLeft: Int64? {
        guard balance > 0 else { return 0 }
        return perHour > 0 ? balance.micro / perHour.micro : nil
    }

    /// What a run that goes on will add to what its calendar month has been charged: its minutes in what is left of the month, until
    /// the end that it has by itself.
    /// - Parameters:
    ///   - settled: how far it is charged.
    ///   - ends: when it ends by itself.
    ///   - month: the month around `now`.
    public static func toCome(
        of run: MeteredRun, settled: Settled, ends: Timestamp?, now: Timestamp, month: Range<Timestamp>
    ) throws(WeirError) -> Points {
        // Minutes of the months before stand on their bills.
        let from = max(settled.minutes, try run.minutes(until: month.lowerBound))
        let to = try run.minutes(until: min(month.upperBound, run.end ?? max(now, ends ?? month.upperBound)))
        return to > from ? try run.price.amount(minutes: to).subtracting(try run.price.amount(minutes: from)) : 0
    }
}

/// When a workspace wants to be warned before its balance is used up.
public struct BalanceWarnings: Hashable, Sendable, Codable {
    public static let most = 10

    public let amounts: [Points]
    public let hours: [Int64]

    /// Throws `malformed` for more than ten of a kind, or one that is not above zero.
    public init(amounts: [Points], hours: [Int64]) throws(WeirError) {
        guard amounts.count <= Self.most, amounts.allSatisfy({ $0 > 0 }) else {
            throw .malformed("amounts", "at most \(Self.most) amounts above 0", rule: "BIL-18")
        }
        guard hours.count <= Self.most, hours.allSatisfy({ $0 > 0 }) else {
            throw .malformed("hours", "at most \(Self.most) numbers above 0", rule: "BIL-18")
        }
        self.amounts = amounts
        self.hours = hours
    }

    public enum Warning: Hashable, Sendable {
        case amount(Points)
        case hours(Int64)
    }

    /// The warnings that became due between two looks at the balance: each when it is reached from above, not again while it stays below.
    public func due(before: Outlook, now: Outlook) -> [Warning] {
        let amounts = amounts.filter { before.balance > $0 && now.balance <= $0 }.sorted(by: >).map(Warning.amount)
        let hours = hours.filter { (before.hoursLeft ?? .max) > $0 && (now.hoursLeft ?? .max) <= $0 }.sorted(by: >)
        return amounts + hours.map(Warning.hours)
    }
}
