import Logging
public import WeirModel
import WeirStore

/// Charges what was kept, once for each day and meter, when the day is over (BIL-13, BIL-15). A balance that is used up changes
/// nothing (BIL-17).
///
/// A day on which nothing lay above the free amount is noted as charged, and makes no entry in the ledger.
public struct StorageCharges: Sendable {
    /// Meters whose charges are entered in one transaction.
    static let mostAtOnce = 200

    let store: Store
    let clock: any WallClock
    let calendar: BillingCalendar
    let tariffs: Tariffs
    let logger: Logger

    /// Charges every day that is over and was not charged, the oldest first. Gives how many days were charged, over all meters.
    @discardableResult
    public func chargeDaysOver() async throws -> Int {
        var count = 0
        while !Task.isCancelled {
            let charged = try await chargeOneDayEach()
            if charged == 0 { return count }
            count += charged
        }
        return count
    }

    /// The next day of each meter that has one.
    private func chargeOneDayEach() async throws -> Int {
        let now = clock.now()
        let today = try calendar.day(of: now)
        let history = try await tariffs.history()
        guard let yesterday = try calendar.daysOver(after: nil, by: now).last, yesterday < today else { return 0 }
        var cursor: StorageMeter?
        var count = 0
        while !Task.isCancelled {
            let after = cursor
            let due = try await store.read { db in
                try db.storageMeters(chargedBefore: yesterday, after: after, limit: Self.mostAtOnce).map { record in
                    (record, try Self.facts(of: record, db, calendar, now))
                }
            }
            guard let last = due.last else { break }
            cursor = last.0.meter
            let charges = due.compactMap { record, facts -> (StorageMeterRecord, BillDay, Charge?)? in
                guard let facts else { return nil }
                do {
                    return (record, facts.day, try charge(record.meter, facts, history))
                } catch {
                    logger.error(
                        "a day's storage could not be charged",
                        metadata: ["meter": "\(record.meter)", "day": "\(facts.day)", "error": "\(error)"])
                    return nil
                }
            }
            count += try await store.write { db in
                var entered = 0
                for (record, day, charge) in charges where try db.setCharged(record, until: day) {
                    if let charge, charge.amount > 0 { try db.post(storage: charge, at: now) }
                    entered += 1
                }
                return entered
            }
        }
        return count
    }

    /// What a day's charge follows from.
    private struct Facts: Sendable {
        let day: BillDay
        let samples: [StorageSample]
        let earlier: StorageSample?
    }

    private static func facts(
        of record: StorageMeterRecord, _ db: Reading, _ calendar: BillingCalendar, _ now: Timestamp
    ) throws -> Facts? {
        guard let day = try calendar.daysOver(after: record.chargedDay, by: now, most: 1).first else { return nil }
        return try facts(of: record.meter, on: day, db, calendar)
    }

    private static func facts(
        of meter: StorageMeter, on day: BillDay, _ db: Reading, _ calendar: BillingCalendar
    ) throws -> Facts {
        let bounds = try calendar.bounds(of: day)
        let first = try calendar.hours(of: day).first ?? bounds.lowerBound
        return Facts(
            day: day, samples: try db.storageSamples(of: meter, in: first..<bounds.upperBound),
            earlier: try db.storageSample(of: meter, before: first))
    }

    /// Nil for a day that began before there was a price list.
    private func charge(_ meter: StorageMeter, _ facts: Facts, _ history: TariffHistory) throws -> Charge? {
        let start = try calendar.bounds(of: facts.day).lowerBound
        guard let first = history.versions.first, first.startsAt <= start else { return nil }
        let storage = try StorageCharge(
            meter: meter, day: facts.day, samples: facts.samples, earlier: facts.earlier, tariff: try history.inForce(at: start),
            calendar: calendar)
        return try Charge(.storage(storage), calendar: calendar)
    }

    /// Holds a day that was charged against its samples: the entry is what follows from them, and there is none where nothing does.
    /// Samples are kept for some months; before, the entry's own basis is what can be verified. Throws `charge_differs`.
    public func verify(_ meter: StorageMeter, on day: BillDay) async throws {
        let history = try await tariffs.history()
        let calendar = calendar
        let key = "storage/\(meter)/\(day)"
        let (facts, entry, record) = try await store.read { db in
            (try Self.facts(of: meter, on: day, db, calendar), try db.entry(key: key), try db.storageMeter(meter))
        }
        guard let record, day <= record.chargedDay else { throw WeirError.chargeDiffers(key, "day") }
        let charge = try charge(meter, facts, history)
        guard let charge, charge.amount > 0 else {
            if entry != nil { throw WeirError.chargeDiffers(key, "amount") }
            return
        }
        guard let entry else { throw WeirError.chargeDiffers(key, "amount") }
        guard entry.posting == (try Posting(storage: charge)) else { throw WeirError.chargeDiffers(key, "basis") }
    }
}
