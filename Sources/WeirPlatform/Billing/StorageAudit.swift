import WeirModel
import WeirStore

/// Holds the days of a storage meter against its samples: an entry is what follows from them, and there is none where nothing does
/// (BIL-13, BIL-15). Samples are kept for some months; before, an entry's own basis is what can be verified.
struct StorageAudit {
    /// Samples of charged days are kept for so long, so that what they say can be looked up.
    static let kept = Duration.seconds(93 * 86_400)

    private let calendars: [(from: Int64, calendar: BillingCalendar)]
    private let history: TariffHistory
    private let now: Timestamp

    init(calendars: [(from: Int64, calendar: BillingCalendar)], tariffs: [Tariff], now: Timestamp) throws {
        self.calendars = calendars
        history = try TariffHistory(tariffs)
        self.now = now
    }

    /// The first day that is not charged as it must be.
    func difference(_ record: StorageMeterRecord, _ db: Reading) throws -> LedgerDifference? {
        guard let calendar = calendars.last?.calendar else { return nil }
        let samples = try db.storageSamples(of: record.meter, in: Timestamp(milliseconds: 0)..<(now + .seconds(86_400)))
        guard let first = samples.first else { return nil }
        // Of the oldest day some samples may be gone already.
        let isCut = first.at < now - Self.kept + .seconds(2 * 86_400)
        let firstDay = try calendar.day(of: isCut ? first.at : calendar.dayBounds(around: first.at).lowerBound - .milliseconds(1))
        let end = try calendar.bounds(of: record.chargedDay).upperBound
        for day in try calendar.daysOver(after: firstDay, by: end) where day <= record.chargedDay {
            if let difference = try difference(record.meter, day, samples, db) { return difference }
        }
        return nil
    }

    private func difference(
        _ meter: StorageMeter, _ day: BillDay, _ samples: [StorageSample], _ db: Reading
    ) throws -> LedgerDifference? {
        let key = "storage/\(meter)/\(day)"
        let entry = try db.entry(key: key)
        func differs(_ field: String, _ expected: String, _ found: String) -> LedgerDifference {
            LedgerDifference(sequence: entry?.sequence, subject: key, field: field, expected: expected, found: found)
        }
        guard let calendar = try calendar(of: entry) else { return nil }
        let bounds = try calendar.bounds(of: day)
        let charged = try entry?.posting.storageCharge()
        // After a change of time zone, the hours begin where the entry says: the one before it ended there.
        let since = charged.flatMap { $0.dayHours == nil ? nil : bounds.upperBound - .seconds(3600 * Int64($0.hours)) }
        let first = BillingCalendar.hours(in: (since ?? bounds.lowerBound)..<bounds.upperBound).first ?? bounds.lowerBound
        guard let list = history.versions.first, list.startsAt <= bounds.lowerBound else {
            return entry == nil ? nil : differs("amount", "nothing", "\(charged.flatMap { try? $0.amount } ?? 0)")
        }
        let expected = try StorageCharge(
            meter: meter, day: day, samples: samples.filter { $0.at >= first && $0.at < bounds.upperBound },
            earlier: samples.last { BillingCalendar.hourStart($0.at) < first }, tariff: try history.inForce(at: bounds.lowerBound),
            calendar: calendar, since: since)
        let amount = try expected.amount
        guard amount > 0 else { return entry == nil ? nil : differs("amount", "nothing", "\(charged.flatMap { try? $0.amount } ?? 0)") }
        guard let charged else { return differs("amount", "\(amount)", "nothing") }
        return charged == expected ? nil : differs("basis", "\(expected.byteHours)", "\(charged.byteHours)")
    }

    /// By whose midnight the day was charged. Of a day without an entry it is known only where there has always been one time zone.
    private func calendar(of entry: LedgerEntry?) throws -> BillingCalendar? {
        if let entry { return calendars.last { $0.from <= entry.sequence }?.calendar }
        return Set(calendars.map(\.calendar.zone)).count == 1 ? calendars.last?.calendar : nil
    }
}
