/// An amount taken from a workspace's balance, with all that it was computed from: anyone can compute it again.
public struct Charge: Hashable, Sendable, Codable {
    /// The same for the same minutes or day, whenever and how often they are settled: a ledger that holds each key once
    /// charges nothing twice.
    public let key: String
    /// The bill on which it stands (BIL-07).
    public let month: BillMonth
    public let from: Timestamp
    public let to: Timestamp
    /// Positive for what is charged, negative for what is given back.
    public let amount: Points
    public let basis: Basis

    public enum Basis: Hashable, Sendable, Codable {
        case run(RunCharge)
        case storage(StorageCharge)
    }

    /// The one computation of a charge, used to make it and to verify it.
    public init(_ basis: Basis, calendar: BillingCalendar) throws(WeirError) {
        switch basis {
        case .run(let run): try self.init(run, calendar: calendar)
        case .storage(let storage): try self.init(storage, calendar: calendar)
        }
    }

    init(_ run: RunCharge, calendar: BillingCalendar) throws(WeirError) {
        let (from, to) = try run.span
        key = "run/\(run.run)/\(run.before.corrections)/\(run.before.minutes)"
        month = try calendar.month(of: from)
        guard try calendar.month(of: run.lastMinute) == month else { throw .chargeAcrossMonths(key) }
        self.from = from
        self.to = to
        amount = try run.amount
        basis = .run(run)
    }

    init(_ storage: StorageCharge, calendar: BillingCalendar) throws(WeirError) {
        let bounds = try calendar.bounds(of: storage.day)
        guard (storage.dayHours ?? storage.hours) == (try calendar.hours(of: storage.day).count),
            storage.hours <= StorageCharge.mostHours
        else {
            throw .chargeDiffers("storage/\(storage.meter)/\(storage.day)", "hours")
        }
        key = "storage/\(storage.meter)/\(storage.day)"
        month = storage.day.month
        from = bounds.lowerBound
        to = bounds.upperBound
        amount = try storage.amount
        basis = .storage(storage)
    }

    /// Computes the charge again from its basis. Throws `charge_differs` with the first field that is not what it must be.
    public func verify(calendar: BillingCalendar) throws(WeirError) {
        let again = try Charge(basis, calendar: calendar)
        if key != again.key { throw .chargeDiffers(key, "key") }
        if amount != again.amount { throw .chargeDiffers(key, "amount") }
        if month != again.month { throw .chargeDiffers(key, "month") }
        if from != again.from { throw .chargeDiffers(key, "from") }
        if to != again.to { throw .chargeDiffers(key, "to") }
    }
}

/// Minutes of a run that are charged, or taken back when `after` lies before `before`.
public struct RunCharge: Hashable, Sendable, Codable {
    public let run: RunIdentity
    public let start: Timestamp
    /// Of the run, where it was known.
    public let end: Timestamp?
    public let price: RunPrice
    public let before: Settled
    public let after: Settled

    public init(run: RunIdentity, start: Timestamp, end: Timestamp?, price: RunPrice, before: Settled, after: Settled) {
        self.run = run
        self.start = start
        self.end = end
        self.price = price
        self.before = before
        self.after = after
    }

    /// Minutes charged; negative when taken back.
    public var minutes: Int64 { after.minutes - before.minutes }

    /// The price of all minutes up to `after`, less the price of all up to `before`: the charges of a run add up to the price of the
    /// whole run, rounded once, however it was divided (BIL-04).
    public var amount: Points {
        get throws(WeirError) {
            let corrections = after.minutes < before.minutes ? 1 : 0
            guard after.minutes != before.minutes, after.corrections == before.corrections + corrections else {
                throw .chargeOutOfSequence(run)
            }
            let whole = try price.amount(minutes: after.minutes)
            return try whole.subtracting(try price.amount(minutes: before.minutes))
        }
    }

    private var metered: MeteredRun { MeteredRun(run: run, start: start, end: end, price: price) }
    private var bounds: Range<Int64> {
        min(before.minutes, after.minutes)..<max(before.minutes, after.minutes)
    }

    /// From the beginning of the first of the minutes to the end of the last one, or the end of the run.
    var span: (from: Timestamp, to: Timestamp) {
        get throws(WeirError) {
            let from = try metered.beginning(ofMinute: bounds.lowerBound)
            let to = try metered.beginning(ofMinute: bounds.upperBound)
            guard let end, minutes > 0 else { return (from, to) }
            return (from, max(from, min(to, end)))
        }
    }

    /// When the last of the minutes begins. Throws `charge_out_of_sequence` when there is none.
    var lastMinute: Timestamp {
        get throws(WeirError) {
            guard !bounds.isEmpty else { throw .chargeOutOfSequence(run) }
            return try metered.beginning(ofMinute: bounds.upperBound - 1)
        }
    }
}

extension MeteredRun {
    /// Holds the run's charges, in the order in which they were entered, against its recorded start, end and price. Throws the first
    /// difference; returns how far the run is settled.
    public func verify(_ charges: some Sequence<Charge>, calendar: BillingCalendar) throws(WeirError) -> Settled {
        var state = Settled.none
        for charge in charges {
            guard case .run(let basis) = charge.basis, basis.run == run else { throw .chargeDiffers(charge.key, "run") }
            guard basis.start == start else { throw .chargeDiffers(charge.key, "start") }
            guard basis.price == price else { throw .chargeDiffers(charge.key, "price") }
            try charge.verify(calendar: calendar)
            state = try state.after(basis)
        }
        if let end, state.minutes > (try minutes(until: end)) { throw .chargeOutOfSequence(run) }
        return state
    }
}

extension WeirError {
    /// The error by which `weir ledger verify` and `weir bill verify` name what is wrong.
    public static func chargeDiffers(_ key: String, _ field: String) -> WeirError {
        WeirError(
            "charge_differs", .failed, subject: key, rule: "BIL-27",
            LocalizedText(
                "Charge \(key): \"\(field)\" is not what follows from the recorded facts and prices.",
                zh: "扣费 \(key)：“\(field)”与记录的事实和价格不符。"))
    }

    public static func chargeAcrossMonths(_ key: String) -> WeirError {
        WeirError(
            "charge_across_months", .failed, subject: key, rule: "BIL-07",
            LocalizedText(
                "Charge \(key) lies in more than one calendar month.", zh: "扣费 \(key) 跨越了多个自然月。"))
    }
}
