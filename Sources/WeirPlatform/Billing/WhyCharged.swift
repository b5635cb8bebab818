public import WeirModel
public import WeirStore

/// "Why was I charged?": what is behind an amount, the most expensive first, with what people usually overlook (BIL-27).
public struct WhyCharged: Sendable {
    public static let mostItems = 50

    let store: Store
    let calendar: BillingCalendar
    let clock: any WallClock
    let usage: UsageHistory

    public struct Answer: Sendable {
        public let month: BillMonth
        /// Of all that was asked for.
        public let total: Points
        public let items: [Item]
        /// What the items do not show.
        public let rest: Points
        /// The runs of now with what is not charged yet, the dearest first; of the current month alone.
        public var running: [Running] = []
    }

    public struct Running: Sendable {
        public let workload: Identifier<Workload>
        public let name: String
        public let kind: WorkloadKind
        public let since: Timestamp
        public let perHour: Points
        /// Its cost since the last charge.
        public let toCharge: Points
        public internal(set) var causes: [ChargeCause]
    }

    public struct Item: Sendable {
        public let line: BillLine
        public let causes: [ChargeCause]
    }

    /// What a month, or a part of its bill, was charged for.
    public func month(
        _ month: BillMonth, of workspace: Identifier<Workspace>, _ filter: BillFilter, for caller: Caller
    ) async throws -> Answer {
        let (calendar, now) = (calendar, clock.now())
        let isCurrent = try calendar.month(of: now) == month
        var answer = try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            var filter = filter
            filter.viewer = try db.seesPeople(of: workspace, caller) ? nil : caller.id
            let records = try db.largestBillLines(of: workspace, in: month, filter, most: Self.mostItems)
            var answer = try Self.answer(
                month, total: try db.billTotal(of: workspace, in: month, filter), records, calendar: calendar, db)
            if isCurrent { answer.running = try Self.running(in: workspace, filter, now: now, db) }
            return answer
        }
        for index in answer.running.indices where answer.running[index].kind == .environment {
            guard let used = await usage.averageCores(of: answer.running[index].workload), used >= ChargeCause.busyFrom else { continue }
            answer.running[index].causes.append(.orphanProcesses(thousandths: used))
        }
        return answer
    }

    private static func running(
        in workspace: Identifier<Workspace>, _ filter: BillFilter, now: Timestamp, _ db: Reading
    ) throws -> [Running] {
        let runs = try db.runningRuns(in: workspace).filter { filter.takes($0) }
        let dearest = try runs.map { run in (run, try run.run.price.amount(minutes: 60)) }.sorted { $0.1 > $1.1 }.prefix(mostItems)
        return try dearest.map { run, perHour in
            let minutes = max(run.settled.minutes, try run.run.minutes(until: run.counted(at: now)))
            let toCharge = try run.run.price.amount(minutes: minutes).subtracting(run.run.price.amount(minutes: run.settled.minutes))
            let facts = try db.facts(of: run.run.run)
            let causes = try facts.map {
                try ChargeCause.causes(
                    of: $0.spec, price: run.run.price, minutes: minutes, end: nil, stopAsked: $0.stopAsked, requests: $0.requests,
                    hadNoGrace: $0.hadNoGrace)
            }
            return Running(
                workload: run.run.run.workload, name: run.name, kind: run.kind, since: run.run.start, perHour: perHour,
                toCharge: toCharge, causes: causes ?? [])
        }
    }

    /// What the bill's line around an entry was charged for. Throws `not_found` for an entry that is on no bill.
    public func entry(
        _ sequence: Int64, of workspace: Identifier<Workspace>, for caller: Caller
    ) async throws -> Answer {
        let calendar = calendar
        return try await store.read { db in
            try db.requireBilling(of: workspace, for: caller, .seeBilling)
            guard let entry = try db.entry(sequence), entry.workspace == workspace, let month = entry.month, try db.sees(entry, caller)
            else {
                throw WeirError.notFound("entry")
            }
            let filter =
                entry.run.map { BillFilter(workload: $0.workload) } ?? BillFilter(kind: .storage, account: entry.account)
            let records = try db.largestBillLines(of: workspace, in: month, filter, most: 200)
            let own = records.filter { record in
                switch record.subject {
                case .run(let run): run == entry.run
                case .storage(let meter): (entry.reference ?? entry.key).hasPrefix("storage/\(meter)/")
                }
            }
            return try Self.answer(month, total: try Points.sum(own.map(\.amount)), own, calendar: calendar, db)
        }
    }

    private static func answer(
        _ month: BillMonth, total: Points, _ records: [BillLineRecord], calendar: BillingCalendar, _ db: Reading
    ) throws -> Answer {
        let items = try records.map { record in
            Item(line: try BillLine(record, month: month, calendar: calendar), causes: try causes(of: record, db))
        }
        return Answer(
            month: month, total: total, items: items, rest: try total.subtracting(try Points.sum(records.map(\.amount))))
    }

    private static func causes(of record: BillLineRecord, _ db: Reading) throws -> [ChargeCause] {
        switch record.subject {
        case .storage: return record.charged > 0 ? [.storageAboveFree] : []
        case .run(let identity):
            guard let run = record.run, let facts = try db.facts(of: identity) else { return [] }
            return try ChargeCause.causes(
                of: facts.spec, price: run.price, minutes: run.minutes, end: facts.isRunning ? nil : run.end,
                stopAsked: facts.stopAsked, requests: facts.requests, hadNoGrace: facts.hadNoGrace)
        }
    }
}

extension BillFilter {
    fileprivate func takes(_ run: UnsettledRun) -> Bool {
        (kind == nil || kind?.rawValue == run.kind.rawValue) && (project == nil || project == run.project)
            && (account == nil || account == run.account) && (workload == nil || workload == run.run.run.workload)
    }
}
