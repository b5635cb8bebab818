/// How far a run has been settled: what its charges in the ledger add up to.
public struct Settled: Hashable, Sendable, Codable {
    public static let none = Settled(minutes: 0, corrections: 0)

    /// The minutes from the run's start that are charged.
    public let minutes: Int64
    /// How many of the charges took minutes back.
    public let corrections: Int

    public init(minutes: Int64, corrections: Int) {
        self.minutes = minutes
        self.corrections = corrections
    }

    /// After one more charge of the run. Throws `charge_out_of_sequence` when it does not go on where the last one ended.
    public func after(_ charge: RunCharge) throws(WeirError) -> Settled {
        guard charge.before == self else { throw .chargeOutOfSequence(charge.run) }
        return charge.after
    }
}

/// The charges that are due for a run at a moment.
public struct SettlementPlan: Hashable, Sendable {
    /// In the order in which they are to be entered, each in a transaction of its own or all in one.
    public let charges: [Charge]
    /// How far the run is settled when all of them are entered.
    public let settled: Settled
    /// The run is over and nothing is left to charge.
    public let isFinal: Bool
}

extension MeteredRun {
    /// Charges in one plan; a longer gap is caught up in several.
    public static let mostCharges = 1000

    /// What is due: each hour that is over, and the rest when the run has ended (BIL-05), cut where a month ends (BIL-07).
    ///
    /// The cuts lie at absolute hours and at the first moments of months, wherever `now` lies, so that plans made late, twice or out of
    /// order consist of the same charges with the same keys. When less has run than was charged, since a clock was stepped or the engine
    /// learned late of an end, the last charges take minutes back in the months in which they were charged.
    /// - Parameter now: a moment at which the run is known to have been running, unless it has ended.
    public func settlement(after settled: Settled, now: Timestamp, calendar: BillingCalendar) throws(WeirError) -> SettlementPlan {
        guard (0...Self.mostMinutes).contains(settled.minutes) else { throw .chargeOutOfSequence(run) }
        let target = try dueMinutes(now: now, calendar: calendar)
        var state = settled
        var charges: [Charge] = []
        var month = try calendar.monthBounds(around: start)
        while charges.count < Self.mostCharges, state.minutes != target {
            let cut: Int64
            if state.minutes < target {
                let first = try beginning(ofMinute: state.minutes)
                if !month.contains(first) { month = try calendar.monthBounds(around: first) }
                cut = min(target, try minutes(until: min(BillingCalendar.nextHour(after: first), month.upperBound)))
            } else {
                guard end != nil else { break }
                let last = try beginning(ofMinute: state.minutes - 1)
                if !month.contains(last) { month = try calendar.monthBounds(around: last) }
                cut = max(target, try minutes(until: month.lowerBound))
            }
            let basis = RunCharge(
                run: run, start: start, end: end, price: price, before: state,
                after: Settled(minutes: cut, corrections: state.corrections + (cut < state.minutes ? 1 : 0)))
            charges.append(try Charge(basis, calendar: calendar))
            state = basis.after
        }
        return SettlementPlan(charges: charges, settled: state, isFinal: end != nil && state.minutes == target)
    }

    /// The minutes that are to be charged by `now`: all when the run has ended, else those of full hours and full months.
    private func dueMinutes(now: Timestamp, calendar: BillingCalendar) throws(WeirError) -> Int64 {
        if let end { return try minutes(until: end) }
        let month = try calendar.monthBounds(around: now)
        let hour = BillingCalendar.hourStart(now)
        return try minutes(until: max(hour, month.lowerBound))
    }
}

extension WeirError {
    public static func chargeOutOfSequence(_ run: RunIdentity) -> WeirError {
        WeirError(
            "charge_out_of_sequence", .conflict, subject: run.description, rule: "BIL-05",
            LocalizedText(
                "The charges of run \(run) do not follow each other.", zh: "运行 \(run) 的扣费记录前后不连续。"))
    }
}
