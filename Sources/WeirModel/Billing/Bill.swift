/// What a workspace is charged in a calendar month: one line for each run and each storage meter (BIL-07, BIL-22).
public struct Bill: Hashable, Sendable {
    public let month: BillMonth
    public let lines: [Line]
    public let total: Points

    public struct Line: Hashable, Sendable {
        public let subject: Subject
        public let from: Timestamp
        public let to: Timestamp
        public let amount: Points
        /// In the order in which they were entered.
        public let charges: [Charge]

        /// Minutes charged for a run; nil for storage.
        public var minutes: Int64? {
            guard case .run = subject else { return nil }
            return charges.reduce(0) { sum, charge in
                if case .run(let run) = charge.basis { sum + run.minutes } else { sum }
            }
        }
    }

    public enum Subject: Hashable, Sendable {
        case run(RunIdentity)
        case storage(StorageMeter)
    }

    /// The lines stand in the order of their first charges. Charges of other months are passed over. Throws `amount_too_large`.
    public init(_ month: BillMonth, charges: some Sequence<Charge>) throws(WeirError) {
        var order: [Subject] = []
        var groups: [Subject: [Charge]] = [:]
        for charge in charges where charge.month == month {
            if groups[charge.subject] == nil { order.append(charge.subject) }
            groups[charge.subject, default: []].append(charge)
        }
        var lines: [Line] = []
        for subject in order {
            guard let group = groups[subject], let first = group.first else { continue }
            lines.append(
                Line(
                    subject: subject, from: group.reduce(first.from) { min($0, $1.from) },
                    to: group.reduce(first.to) { max($0, $1.to) }, amount: try Points.sum(group.map(\.amount)), charges: group))
        }
        self.month = month
        self.lines = lines
        total = try Points.sum(lines.map(\.amount))
    }
}

extension Charge {
    public var subject: Bill.Subject {
        switch basis {
        case .run(let run): .run(run.run)
        case .storage(let storage): .storage(storage.meter)
        }
    }
}
