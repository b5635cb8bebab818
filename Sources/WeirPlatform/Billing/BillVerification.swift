public import Foundation
public import WeirModel
import WeirStore

/// What came of computing an exported bill again: nothing of it is taken on trust but the prices and times that it states.
public struct BillVerification: Hashable, Sendable {
    public let month: BillMonth
    /// Entries that are right; all of them when nothing differs.
    public let entries: Int
    public let total: Points
    public let difference: Difference?

    /// The first thing on the bill that is not what follows from the rest.
    public struct Difference: Hashable, Sendable {
        /// Counts the bill's entries from 1; nil for what is said of the whole.
        public let position: Int?
        public let key: String
        public let field: String
        public let expected: String
        public let found: String

        public var text: LocalizedText {
            let place = position.map { "Entry \($0) of the file (\(key))" } ?? "The bill"
            let placeZH = position.map { "文件第 \($0) 条（\(key)）" } ?? "账单"
            return LocalizedText(
                "\(place): \(field) is \(found), but \(expected) follows from the rest.",
                zh: "\(placeZH)：\(field) 为 \(found)，按其余内容应为 \(expected)。")
        }
    }

    /// Throws `no_bill_file` for a file that is no exported bill.
    public init(_ file: Data) throws {
        let document: BillDocument
        do {
            document = try JSONDecoder().decode(BillDocument.self, from: file)
        } catch {
            throw WeirError.noBillFile()
        }
        guard BillDocument.readable.contains(document.format), document.entries.count <= BillDocument.mostEntries else {
            throw WeirError.noBillFile()
        }
        try self.init(document)
    }

    public init(_ document: BillDocument) throws {
        var check = try BillCheck(document)
        for entry in document.entries {
            check.take(entry)
            if check.difference != nil { break }
        }
        check.finish(document)
        month = document.month
        entries = check.count
        total = check.total
        difference = check.difference
    }
}

/// Goes through the entries in order.
private struct BillCheck {
    private(set) var count = 0
    private(set) var total: Points = 0
    private(set) var difference: BillVerification.Difference?
    private let workspace: Identifier<Workspace>
    private let month: BillMonth
    private let calendars: [(from: Int64, calendar: BillingCalendar)]
    private var last: (sequence: Int64, hash: Data)?
    private var runs: [RunIdentity: (state: Settled, start: Timestamp, price: RunPrice)] = [:]
    private var charged: [String: Int128] = [:]
    /// What the entries of each run have come to so far: above 0 when more came back than was charged.
    private var sums: [RunIdentity: Int128] = [:]

    init(_ document: BillDocument) throws {
        workspace = document.workspace
        month = document.month
        calendars = try document.timeZones.map { ($0.from, try BillingCalendar(zone: $0.zone)) }
        guard !calendars.isEmpty else { throw WeirError.noBillFile() }
    }

    mutating func take(_ entry: BillDocument.Entry) {
        do {
            if entry.workspace != workspace {
                differs(entry, "workspace", workspace.text, entry.workspace.text)
            } else if entry.month != month {
                differs(entry, "month", "\(month)", entry.month.map { "\($0)" } ?? "none")
            } else if let last, entry.sequence <= last.sequence {
                differs(entry, "sequence", "more than \(last.sequence)", "\(entry.sequence)")
            } else {
                switch entry.kind {
                case .charge: try takeCharge(entry)
                case .refund: takeRefund(entry)
                case .correction: takeBack(entry)
                case .recharge, .grant: differs(entry, "kind", "charge, refund or correction", entry.kind.rawValue)
                }
                if let run = entry.run.map({ RunIdentity(workload: $0.workload, number: $0.number) }) ?? entry.refundedRun {
                    sums[run, default: 0] += Int128(entry.amount.micro)
                }
                if difference == nil { try takeHash(entry) }
            }
            guard difference == nil else { return }
            total = try total.subtracting(entry.amount)
            count += 1
        } catch let error as WeirError {
            differs(entry, error.subject, "what can be computed", error.code)
        } catch {
            differs(entry, "entry", "what can be computed", "something else")
        }
    }

    mutating func finish(_ document: BillDocument) {
        guard difference == nil else { return }
        if document.count != count {
            difference = .init(position: nil, key: "", field: "count", expected: "\(count)", found: "\(document.count)")
        } else if document.total != total {
            difference = .init(position: nil, key: "", field: "total", expected: "\(total)", found: "\(document.total)")
        }
    }

    private mutating func takeCharge(_ entry: BillDocument.Entry) throws {
        let basis: Charge.Basis
        if let run = entry.run {
            let identity = RunIdentity(workload: run.workload, number: run.number)
            let before = Settled(minutes: run.minutesBefore, corrections: run.corrections)
            if let entered = run.enteredStart, entered != run.start {
                return differs(entry, "run.start", "\(entered)", "\(run.start)")
            }
            let isBack = run.minutesAfter < run.minutesBefore
            let after = Settled(minutes: run.minutesAfter, corrections: run.corrections + (isBack ? 1 : 0))
            if let known = runs[identity] {
                guard known.start == run.start else { return differs(entry, "run.start", "\(known.start)", "\(run.start)") }
                guard known.price == run.price else { return differs(entry, "run.price", "the one of the run's entries before", "another") }
                // Of a run that was corrected, entries of other months may lie between.
                guard known.state == before || before.corrections > 0 else {
                    return differs(entry, "run.minutes_before", "\(known.state.minutes)", "\(before.minutes)")
                }
            }
            runs[identity] = (after, run.start, run.price)
            basis = .run(
                RunCharge(run: identity, start: run.start, end: run.end, price: run.price, before: before, after: after))
        } else if let text = entry.storage, let storage = try? JSONDecoder().decode(StorageCharge.self, from: Data(text.utf8)) {
            basis = .storage(storage)
        } else {
            return differs(entry, "run", "what was charged", "nothing")
        }
        let charge = try Charge(basis, calendar: calendar(at: entry.sequence))
        let amount = Points(micro: -charge.amount.micro)
        if entry.key != charge.key {
            differs(entry, "key", charge.key, entry.key)
        } else if entry.amount != amount {
            differs(entry, "amount", "\(amount)", "\(entry.amount)")
        } else if entry.month != charge.month {
            differs(entry, "month", "\(charge.month)", "\(month)")
        } else if entry.from != charge.from {
            differs(entry, "from", "\(charge.from)", entry.from?.description ?? "none")
        } else if entry.to != charge.to {
            differs(entry, "to", "\(charge.to)", entry.to?.description ?? "none")
        } else if entry.counter != .revenue {
            differs(entry, "counter", LedgerCounter.revenue.rawValue, entry.counter.rawValue)
        }
        charged[entry.key] = Int128(charge.amount.micro)
    }

    private mutating func takeRefund(_ entry: BillDocument.Entry) {
        guard let reference = entry.reference, let left = charged[reference], entry.amount > 0,
            Int128(entry.amount.micro) <= left
        else { return differs(entry, "amount", "at most what is left of a charge before it", "\(entry.amount)") }
        charged[reference] = left - Int128(entry.amount.micro)
    }

    /// What came back twice, by a refund and by an earlier end, is taken back, and no more.
    private mutating func takeBack(_ entry: BillDocument.Entry) {
        guard entry.amount < 0, let run = entry.refundedRun, Int128(entry.amount.micro) + sums[run, default: 0] >= 0 else {
            return differs(entry, "amount", "at most what a run was given back too much", "\(entry.amount)")
        }
    }

    private mutating func takeHash(_ entry: BillDocument.Entry) throws {
        guard let previous = Hex.bytes(entry.previousHash), previous.count == 32 else {
            return differs(entry, "previous_hash", "64 hexadecimal digits", entry.previousHash)
        }
        if let last, last.sequence == entry.sequence - 1, last.hash != previous {
            return differs(entry, "previous_hash", Hex.text(last.hash), entry.previousHash)
        }
        var minutes: ChargedMinutes?
        if entry.kind == .charge, let run = entry.run {
            minutes = ChargedMinutes(
                start: run.enteredStart, before: run.minutesBefore, after: run.minutesAfter, corrections: run.corrections, end: run.end)
        }
        let identity = entry.run.map { RunIdentity(workload: $0.workload, number: $0.number) }
        let posting = Posting(
            workspace: entry.workspace, kind: entry.kind, counter: entry.counter, amount: entry.amount, key: entry.key,
            month: entry.month, project: entry.project, account: entry.account, run: identity ?? entry.refundedRun,
            minutes: minutes, basis: entry.storage, actor: entry.actor, reference: entry.reference, note: entry.note)
        let unhashed = LedgerEntry(sequence: entry.sequence, at: entry.at, posting: posting, hash: Data())
        let hash = unhashed.expectedHash(after: LedgerHead(sequence: entry.sequence - 1, hash: previous))
        guard Hex.text(hash) == entry.hash else { return differs(entry, "hash", Hex.text(hash), entry.hash) }
        last = (entry.sequence, hash)
    }

    private func calendar(at sequence: Int64) -> BillingCalendar {
        calendars.last { $0.from <= sequence }?.calendar ?? calendars[0].calendar
    }

    private mutating func differs(_ entry: BillDocument.Entry, _ field: String, _ expected: String, _ found: String) {
        guard difference == nil else { return }
        difference = .init(position: count + 1, key: entry.key, field: field, expected: expected, found: found)
    }
}

extension BillDocument.Entry {
    /// The run that a refund or what was taken back of it names: `run/wkl_…/1/…`.
    fileprivate var refundedRun: RunIdentity? {
        guard kind == .refund || kind == .correction, let parts = reference?.split(separator: "/"), parts.count >= 3, parts[0] == "run",
            let workload = Identifier<Workload>(String(parts[1])), let number = Int(parts[2])
        else { return nil }
        return RunIdentity(workload: workload, number: number)
    }
}

extension WeirError {
    static func noBillFile() -> WeirError {
        WeirError(
            "no_bill_file", .invalid, subject: "file", rule: "BIL-22",
            LocalizedText("This is no bill that Weir exported as JSON.", zh: "该文件不是 Weir 导出的 JSON 账单。"),
            remedy: LocalizedText("Export it anew: weir bill --json > bill.json", zh: "请重新导出：weir bill --json > bill.json"))
    }
}
