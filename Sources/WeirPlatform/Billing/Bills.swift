public import WeirModel
public import WeirStore

/// The monthly bills of a workspace, down to the arithmetic of each line (BIL-22, BIL-27).
public struct Bills: Sendable {
    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar

    /// A part of a month's bill.
    public struct MonthlyBill: Sendable {
        public let month: BillMonth
        /// By whose midnight the month begins and ends.
        public let zone: String
        /// Of the whole month, whatever was asked for.
        public let monthTotal: Points
        /// Of all lines that were asked for, also those of other parts.
        public let total: Points
        public let lines: Page<BillLine>
    }

    /// What each month was charged, the newest first.
    public func months(
        of workspace: Identifier<Workspace>, for caller: Caller
    ) async throws -> [(month: BillMonth, total: Points)] {
        try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            return try db.spendingByMonth(of: workspace).map { (month: $0.month, total: $0.amount) }
        }
    }

    /// A month without charges has a bill of nothing.
    public func bill(
        of workspace: Identifier<Workspace>, in month: BillMonth, _ filter: BillFilter, _ page: PageRequest, for caller: Caller
    ) async throws -> MonthlyBill {
        let (monthTotal, total, records) = try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            var filter = filter
            filter.viewer = try db.seesPeople(of: workspace, caller) ? nil : caller.id
            return (
                try db.spending(of: workspace, in: month), try db.billTotal(of: workspace, in: month, filter),
                try db.billLines(of: workspace, in: month, filter, page)
            )
        }
        return MonthlyBill(
            month: month, zone: calendar.zone, monthTotal: monthTotal, total: total,
            lines: try records.map { try BillLine($0, month: month, calendar: calendar) })
    }

    /// What the last runs of workloads cost, for a list that the caller was let see. Those that are free are not in it.
    public func lastRuns(of workloads: [WorkloadRecord]) async throws -> [Identifier<Workload>: PricedRun] {
        let ids = workloads.map(\.id)
        return try await store.read { try $0.lastRuns(of: ids) }
    }

    /// The month that runs now.
    public func currentMonth() throws -> BillMonth { try calendar.month(of: clock.now()) }

    /// One entry of a workspace, with the arithmetic of a charge.
    public func explained(_ charge: ChargeRecord) throws -> (charge: Charge, text: LocalizedText) {
        let whole = try charge.charge(calendar: calendar)
        return (whole, try whole.explained(calendar: calendar))
    }
}

/// A line of a bill with the time that it is about, and why it comes to what it does.
public struct BillLine: Hashable, Sendable {
    public let record: BillLineRecord
    public let from: Timestamp
    public let to: Timestamp
    public let explanation: LocalizedText

    init(_ record: BillLineRecord, month: BillMonth, calendar: BillingCalendar) throws {
        self.record = record
        let text: LocalizedText
        if let run = record.run, case .run(let identity) = record.subject {
            from = run.start + .milliseconds(run.from * 60_000)
            let end = from + .milliseconds(run.minutes * 60_000)
            to = max(from, run.end.map { min($0, end) } ?? end)
            text = try Self.text(identity, run, record, calendar)
        } else if let days = record.days {
            from = try calendar.bounds(of: days.lowerBound).lowerBound
            to = try calendar.bounds(of: days.upperBound).upperBound
            text = Self.text(days, record)
        } else {
            throw WeirError.internalFailure()
        }
        explanation = record.refunded == 0 ? text : text.refunded(record.refunded)
    }

    /// The charges of a run follow each other, so that they add up to the one of all their minutes.
    private static func text(
        _ identity: RunIdentity, _ run: BillLineRecord.ChargedRun, _ record: BillLineRecord, _ calendar: BillingCalendar
    ) throws -> LocalizedText {
        guard run.minutes > 0 else {
            return LocalizedText(
                "Run \(identity): all that was charged was taken back, since the run had ended before.",
                zh: "运行 \(identity)：运行早已结束，已扣费用全部退回。")
        }
        let basis = RunCharge(
            run: identity, start: run.start, end: run.end, price: run.price, before: Settled(minutes: run.from, corrections: 0),
            after: Settled(minutes: run.from + run.minutes, corrections: 0))
        if let whole = try? Charge(.run(basis), calendar: calendar), whole.amount == record.charged {
            return try whole.explained(calendar: calendar)
        }
        // The time zone was changed within the month.
        return LocalizedText(
            "Run \(identity): \(run.minutes) min in \(record.charges) entries, each of which explains itself.",
            zh: "运行 \(identity)：\(run.minutes) 分钟，共 \(record.charges) 条记录，可逐条查看明细。")
    }

    private static func text(_ days: ClosedRange<BillDay>, _ record: BillLineRecord) -> LocalizedText {
        let span = days.lowerBound == days.upperBound ? "\(days.lowerBound)" : "\(days.lowerBound) – \(days.upperBound)"
        return LocalizedText(
            "Storage, \(span): \(record.charges) days, each (daily mean − free amount) × price; each entry has its own arithmetic.",
            zh: "存储，\(span)：共 \(record.charges) 天，每天按（日均值 − 免费额度）× 单价计费，可逐条查看明细。")
    }
}

extension LocalizedText {
    fileprivate func refunded(_ amount: Points) -> LocalizedText {
        LocalizedText(en + " \(amount) points were given back.", zh: zh + "已退回 \(amount) 算力点。")
    }
}
