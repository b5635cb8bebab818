import Foundation
import WeirModel
import WeirStore

/// Goes through the ledger in order and holds each entry against what it follows from. Remembers the runs that are open at a time, and
/// the sums; not the entries.
struct LedgerAudit {
    private(set) var head = LedgerHead.none
    private(set) var difference: LedgerDifference?
    private var totals = LedgerTotals()
    private var openRuns: [RunIdentity: Settled] = [:]
    private var minutes: Int64 = 0
    private var refunds: [String: Int128] = [:]
    private var prices = VerifiedPrices()
    private let tariffs: [Int: Tariff]
    private let lists: [Tariff]
    let calendars: [(from: Int64, calendar: BillingCalendar)]
    private let noted: LedgerHead?

    init(zones: [BillingZone], standard: BillingCalendar, tariffs: [Tariff], noted: LedgerHead?) throws {
        lists = tariffs.sorted { $0.startsAt < $1.startsAt }
        self.tariffs = Dictionary(tariffs.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        calendars = try [(0, standard)] + zones.map { ($0.from, try BillingCalendar(zone: $0.zone)) }
        self.noted = noted
    }

    /// Takes the next entry, or notes why it is wrong.
    mutating func take(_ audited: AuditedEntry) throws {
        guard audited.sequence == head.sequence + 1 else {
            return differs(nil, "ledger", "sequence", "\(head.sequence + 1)", "\(audited.sequence)", at: audited.sequence)
        }
        guard let entry = audited.entry else {
            return differs(nil, "entry", "columns", "what Weir writes", "something else", at: audited.sequence)
        }
        let hash = entry.expectedHash(after: head)
        guard entry.hash == hash else { return differs(entry, entry.key, "hash", hash.hex, entry.hash.hex) }
        if let noted, noted.sequence == entry.sequence, noted.hash != hash {
            return differs(entry, entry.key, "noted hash", noted.hash.hex, hash.hex)
        }
        do {
            switch entry.kind {
            case .charge:
                if let run = entry.run {
                    try checkRun(entry, run, audited.run)
                } else {
                    try checkStorage(entry)
                }
            case .refund: checkRefund(entry, audited)
            case .recharge: check(entry, counter: .payments, isSound: entry.amount > 0)
            case .grant: check(entry, counter: .grants, isSound: entry.amount >= 0)
            case .correction: check(entry, counter: entry.counter, isSound: entry.amount != 0)
            }
        } catch let error as WeirError {
            differs(entry, entry.key, error.subject, "what can be computed", error.code)
        }
        guard difference == nil else { return }
        totals.add(entry.posting)
        head = LedgerHead(sequence: entry.sequence, hash: hash)
    }

    /// A difference that was found elsewhere.
    mutating func note(_ found: LedgerDifference) { difference = difference ?? found }

    /// Holds the sums against balances, spendings and runs, in the state of the database that the last entry was read in.
    mutating func finish(_ db: Reading) throws {
        if let noted, noted.sequence > head.sequence {
            return differs(nil, "ledger", "length", "\(noted.sequence) entries or more", "\(head.sequence)")
        }
        var balances = totals.balances
        for (id, account) in try db.ledgerAccounts() {
            let sum = balances.removeValue(forKey: id) ?? 0
            guard sum == Int128(account.balance.micro) else { return differs(nil, id, "balance", text(sum), "\(account.balance)") }
            let isUsedUp = LedgerCounter(rawValue: id) == nil && Arrears.isUsedUp(account.balance)
            guard isUsedUp == (account.usedUpSince != nil) else {
                return differs(nil, id, "used_up_since", isUsedUp ? "a time" : "nothing", account.usedUpSince?.description ?? "nothing")
            }
        }
        if let (id, sum) = balances.min(by: { $0.key < $1.key }) { return differs(nil, id, "balance", text(sum), "nothing") }
        try finishSpendings(db)
        if difference == nil { try finishRuns(db) }
    }

    private mutating func finishSpendings(_ db: Reading) throws {
        var spendings: [String: Int128] = [:]
        for (key, sum) in totals.spendings { spendings["\(key.workspace) \(key.month) \(key.scope)"] = sum }
        var first: (String, Int128, String)?
        try db.eachSpending { workspace, month, scope, amount in
            let name = "\(workspace) \(month) \(scope)"
            let sum = spendings.removeValue(forKey: name) ?? 0
            if sum != Int128(amount.micro) { first = (name, sum, "\(amount)") }
            return first != nil
        }
        if let first { return differs(nil, first.0, "spending", text(first.1), first.2) }
        if let (name, sum) = spendings.min(by: { $0.key < $1.key }) { differs(nil, name, "spending", text(sum), "nothing") }
    }

    private mutating func finishRuns(_ db: Reading) throws {
        for (run, state) in openRuns {
            let recorded = try db.settled(run)
            guard recorded == state else {
                return differs(
                    nil, "run \(run)", "settled", "\(state.minutes) min", recorded.map { "\($0.minutes) min" } ?? "no such run")
            }
        }
        // A run that nobody can settle is charged to nobody: it is named here until it is put right.
        var cursor: RunIdentity?
        repeat {
            let page = try db.unsettledPage(after: cursor)
            if let (run, reason) = page.unreadable.min(by: { $0.key.description < $1.key.description }) {
                return differs(nil, "run \(run)", "price", "what Weir writes", reason)
            }
            for due in page.runs {
                do { _ = try due.run.settlement(after: due.settled, now: due.run.end ?? due.run.start, calendar: calendar(at: .max)) } catch
                {
                    return differs(nil, "run \(due.run.run)", error.subject, "what can be computed", error.code)
                }
            }
            cursor = page.count == 1000 ? page.last : nil
        } while cursor != nil
        let recorded = try db.settledMinutes()
        guard recorded == minutes else {
            return differs(
                nil, try db.runSettledOtherwise().map { "run \($0)" } ?? "runs", "settled", "what its charges add up to",
                "something else")
        }
    }

    // MARK: One entry

    private mutating func check(_ entry: LedgerEntry, counter: LedgerCounter, isSound: Bool) {
        if entry.counter != counter {
            differs(entry, entry.key, "counter", counter.rawValue, entry.counter.rawValue)
        } else if !isSound {
            differs(entry, entry.key, "amount", "another sign", "\(entry.amount)")
        }
    }

    private mutating func checkRun(_ entry: LedgerEntry, _ run: RunIdentity, _ recorded: AuditedRun?) throws {
        guard let recorded, let start = recorded.start, let text = recorded.price, let minutes = entry.minutes else {
            return differs(entry, entry.key, "run", "a run that was priced and has run", "none")
        }
        // Nobody ever pays for another's.
        guard entry.workspace == recorded.workspace else {
            return differs(entry, entry.key, "workspace", recorded.workspace.text, entry.workspace.text)
        }
        guard entry.project == recorded.project else {
            return differs(entry, entry.key, "project", recorded.project.text, entry.project?.text ?? "none")
        }
        guard entry.account == recorded.account else {
            return differs(entry, entry.key, "account", recorded.account.text, entry.account?.text ?? "none")
        }
        // A start that was moved afterwards may still give the same minutes in the same months.
        guard minutes.start == nil || minutes.start == start else {
            return differs(entry, entry.key, "start", minutes.start?.description ?? "none", "\(start)")
        }
        if let pricedAt = recorded.pricedAt {
            // The list of the start; of the submission where that had no price for it; a task that gave way keeps that of its first run.
            guard run.number > 1 || pricedAt == start || pricedAt == recorded.queuedAt else {
                return differs(entry, entry.key, "priced_at", "\(start)", "\(pricedAt)")
            }
            let inForce = lists.last { $0.startsAt <= pricedAt }?.number
            guard recorded.tariff == inForce else {
                return differs(
                    entry, entry.key, "tariff", inForce.map { "\($0)" } ?? "none", recorded.tariff.map { "\($0)" } ?? "none")
            }
        }
        let price: RunPrice
        switch try prices.price(text, of: recorded, tariffs) {
        case .failure(let wrong): return differs(entry, entry.key, wrong.field, wrong.expected, wrong.found)
        case .success(let verified): price = verified
        }
        let (before, after) = minutes.basis
        let state = openRuns[run] ?? .none
        guard before == state else {
            return differs(
                entry, entry.key, "minutes_before", "\(state.minutes), \(state.corrections) corrections",
                "\(before.minutes), \(before.corrections) corrections")
        }
        let charge = try Charge(
            .run(RunCharge(run: run, start: start, end: minutes.end, price: price, before: before, after: after)),
            calendar: calendar(at: entry.sequence))
        guard holds(entry, charge) else { return }
        self.minutes += after.minutes - before.minutes
        guard recorded.isSettled, recorded.settled == after else {
            openRuns[run] = after
            return
        }
        openRuns[run] = nil
        let whole = try recorded.end.map { try MeteredRun(run: run, start: start, end: $0, price: price).minutes(until: $0) }
        if whole != after.minutes {
            differs(entry, entry.key, "minutes_after", whole.map { "\($0)" } ?? "an end of the run", "\(after.minutes)")
        }
    }

    private mutating func checkStorage(_ entry: LedgerEntry) throws {
        guard let text = entry.basis, let storage = try? entry.posting.storageCharge() else {
            return differs(entry, entry.key, "basis", "a storage charge", entry.basis ?? "none")
        }
        guard let tariff = tariffs[storage.tariff] else {
            return differs(entry, entry.key, "tariff", "a published price list", "\(storage.tariff)")
        }
        guard storage.perGBDay == tariff.storage.perGBDay, storage.free == tariff.storage.free(of: storage.meter) else {
            return differs(entry, entry.key, "basis", "the prices of list \(tariff.number)", text)
        }
        guard entry.workspace == storage.meter.workspace else {
            return differs(entry, entry.key, "workspace", storage.meter.workspace.text, entry.workspace.text)
        }
        _ = holds(entry, try Charge(.storage(storage), calendar: calendar(at: entry.sequence)))
    }

    private mutating func checkRefund(_ entry: LedgerEntry, _ audited: AuditedEntry) {
        check(entry, counter: .revenue, isSound: entry.amount > 0)
        guard let charge = audited.refunded, let reference = entry.reference, charge.sequence < entry.sequence,
            charge.workspace == entry.workspace, entry.key.hasPrefix("\(reference)/refund/")
        else { return differs(entry, entry.key, "reference", "an earlier charge of the workspace", entry.reference ?? "none") }
        let sum = refunds[reference, default: 0] + Int128(entry.amount.micro)
        refunds[reference] = sum
        if sum > -Int128(charge.amount.micro) {
            differs(entry, entry.key, "amount", "at most the charge, \(charge.amount)", text(sum))
        }
    }

    /// Whether the entry is what the charge says.
    private mutating func holds(_ entry: LedgerEntry, _ charge: Charge) -> Bool {
        if entry.key != charge.key {
            differs(entry, entry.key, "key", charge.key, entry.key)
        } else if entry.amount.micro != -charge.amount.micro {
            differs(entry, entry.key, "amount", "\(Points(micro: -charge.amount.micro))", "\(entry.amount)")
        } else if entry.month != charge.month {
            differs(entry, entry.key, "month", "\(charge.month)", entry.month?.description ?? "none")
        } else if entry.counter != .revenue {
            differs(entry, entry.key, "counter", LedgerCounter.revenue.rawValue, entry.counter.rawValue)
        }
        return difference == nil
    }

    private func calendar(at sequence: Int64) -> BillingCalendar {
        calendars.last { $0.from <= sequence }?.calendar ?? calendars[0].calendar
    }

    private func text(_ sum: Int128) -> String { (try? Points(exactly: sum)).map { "\($0)" } ?? "\(sum) micro-points" }

    private mutating func differs(
        _ entry: LedgerEntry?, _ subject: String, _ field: String, _ expected: String, _ found: String, at sequence: Int64? = nil
    ) {
        guard difference == nil else { return }
        difference = LedgerDifference(
            sequence: entry?.sequence ?? sequence, subject: subject, field: field, expected: expected, found: found)
    }
}

/// Prices of runs that were held against their price lists; thousands of runs share one.
private struct VerifiedPrices {
    struct Wrong: Error {
        let field: String
        let expected: String
        let found: String
    }

    private struct Key: Hashable {
        let price: String
        let tariff: Int?
        let flavor: String
        let kind: WorkloadKind
        let replicas: Int
    }

    private var known: [Key: RunPrice] = [:]

    mutating func price(_ text: String, of run: AuditedRun, _ tariffs: [Int: Tariff]) throws -> Result<RunPrice, Wrong> {
        let key = Key(price: text, tariff: run.tariff, flavor: run.flavor, kind: run.kind, replicas: run.replicas)
        if let price = known[key] { return .success(price) }
        let decoder = JSONDecoder()
        guard let recorded = try? decoder.decode(RunPrice.self, from: Data(text.utf8)),
            let flavor = try? decoder.decode(Flavor.self, from: Data(run.flavor.utf8))
        else { return .failure(Wrong(field: "price", expected: "a price", found: text)) }
        guard let number = run.tariff, let tariff = tariffs[number] else {
            return .failure(Wrong(field: "tariff", expected: "a published price list", found: run.tariff.map { "\($0)" } ?? "none"))
        }
        let listed = try tariff.price(kind: run.kind, flavor: flavor, replicas: run.replicas)
        guard recorded == listed else {
            return .failure(Wrong(field: "price", expected: "\(listed)", found: "\(recorded)"))
        }
        if known.count >= 10_000 { known = [:] }
        known[key] = recorded
        return .success(recorded)
    }
}

extension Data {
    fileprivate var hex: String { map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
}
