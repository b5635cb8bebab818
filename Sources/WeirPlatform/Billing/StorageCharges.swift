import Logging
import WeirModel
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
            count += try await store.write { [calendar] db in
                var entered = 0
                for (record, day, charge) in charges
                where try db.setCharged(record, until: day, end: calendar.bounds(of: day).upperBound) {
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
        /// Where its hours begin, when it is not with the day.
        let since: Timestamp?
    }

    private static func facts(
        of record: StorageMeterRecord, _ db: Reading, _ calendar: BillingCalendar, _ now: Timestamp
    ) throws -> Facts? {
        guard let day = try calendar.daysOver(after: record.chargedDay, by: now, most: 1).first else { return nil }
        let bounds = try calendar.bounds(of: day)
        // Another moment after a change of time zone.
        let since = record.chargedUntil.flatMap { $0 == bounds.lowerBound ? nil : $0 }
        let first = BillingCalendar.hours(in: (since ?? bounds.lowerBound)..<max(since ?? bounds.lowerBound, bounds.upperBound)).first
        guard let first else { return Facts(day: day, samples: [], earlier: nil, since: since) }
        return Facts(
            day: day, samples: try db.storageSamples(of: record.meter, in: first..<bounds.upperBound),
            earlier: try db.storageSample(of: record.meter, before: first), since: since)
    }

    /// Nil for a day that began before there was a price list, and for one whose hours were all charged under another time zone.
    private func charge(_ meter: StorageMeter, _ facts: Facts, _ history: TariffHistory) throws -> Charge? {
        let start = try calendar.bounds(of: facts.day).lowerBound
        guard let first = history.versions.first, first.startsAt <= start else { return nil }
        let storage = try StorageCharge(
            meter: meter, day: facts.day, samples: facts.samples, earlier: facts.earlier, tariff: try history.inForce(at: start),
            calendar: calendar, since: facts.since)
        return storage.hours > 0 ? try Charge(.storage(storage), calendar: calendar) : nil
    }
}
