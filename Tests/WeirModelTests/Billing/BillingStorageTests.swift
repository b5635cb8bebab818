import TestSupport
import Testing
import WeirModel

@Suite("Billing: storage by the daily mean of hourly samples")
struct BillingStorageTests {
    @Test("the charge equals a walk over every hour, on days of 23, 24 and 25 hours (BIL-13, BIL-15)", arguments: billingSeeds)
    func bruteForce(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for day in ["2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-07-14", "2024-02-29"].compactMap(BillDay.init(_:)) {
            let calendar = try random.calendar()
            let hours = try calendar.hours(of: day)
            let bounds = try calendar.bounds(of: day)
            #expect(hours.allSatisfy { bounds.contains($0) && $0.milliseconds % BillingCalendar.hour == 0 }, "seed \(seed)")
            var samples: [StorageSample] = []
            let earlier = Bool.random(using: &random) ? random.sample(at: bounds.lowerBound - .seconds(86_400)) : nil
            var held = earlier.map(\.total) ?? 0
            var sum: Int128 = 0
            for hour in hours {
                if Int.random(in: 0..<4, using: &random) > 0 {
                    let sample = random.sample(at: hour + random.span(0...1_799_999))
                    samples.append(sample)
                    held = sample.total
                    // A second one in the same hour does not count.
                    if Bool.random(using: &random) { samples.append(random.sample(at: hour + .milliseconds(3_599_999))) }
                }
                sum += held
            }
            let tariff = Sample.tariff()
            let basis = try StorageCharge(
                meter: .library(Sample.workspace), day: day, samples: samples.shuffled(using: &random), earlier: earlier, tariff: tariff,
                calendar: calendar)
            let above = max(0, sum - Int128(hours.count) * Int128(tariff.storage.freeLibrary.count))
            let expected = above * 3333 / (Int128(hours.count) << 30)
            let charge = try Charge(.storage(basis), calendar: calendar)
            #expect(Int128(charge.amount.micro) == expected, "seed \(seed)")
            #expect(charge.from == bounds.lowerBound && charge.to == bounds.upperBound && charge.month == day.month, "seed \(seed)")
            try charge.verify(calendar: calendar)
        }
    }

    @Test(
        "a day has the hours that its zone gives it (BIL-15)",
        arguments: [
            ("Europe/Berlin", "2026-03-29", 23), ("Europe/Berlin", "2026-10-25", 25), ("Asia/Shanghai", "2026-10-25", 24),
            ("Asia/Kolkata", "2026-10-25", 24), ("UTC", "2026-02-28", 24), ("America/Sao_Paulo", "2017-10-15", 23),
        ])
    func hours(zone: String, day: String, hours: Int) throws {
        let calendar = try BillingCalendar(zone: zone)
        #expect(try calendar.hours(of: #require(BillDay(day))).count == hours)
    }

    @Test("an hour without a sample counts the last one before it; before the first ever, nothing (BIL-15)")
    func missing() throws {
        let calendar = try BillingCalendar(zone: "UTC")
        let day = try #require(BillDay("2026-11-20"))
        let hours = try calendar.hours(of: day)
        func charge(_ samples: [StorageSample], earlier: StorageSample?) throws -> StorageCharge {
            try StorageCharge(
                meter: .library(Sample.workspace), day: day, samples: samples, earlier: earlier, tariff: Sample.tariff(), calendar: calendar
            )
        }
        let evening = StorageSample(at: hours[18], bytes: [.code: .gib(240)])
        #expect(try charge([evening], earlier: nil).amount.description == "0.033330")
        #expect(try charge([evening], earlier: nil).measured == 1)
        let before = StorageSample(at: hours[0] - .seconds(3600), bytes: [.code: .gib(60)])
        #expect(try charge([], earlier: before).amount.description == "0.033330")
        #expect(try charge([], earlier: nil).amount == 0)
    }

    @Test("days are charged at midnight, once each, also after a gap (BIL-15)")
    func days() throws {
        let calendar = try BillingCalendar(zone: "Asia/Shanghai")
        let midnight = Sample.time("2026-11-20T16:00:00Z")
        let last = try #require(BillDay("2026-11-17"))
        #expect(try calendar.daysOver(after: last, by: midnight - .milliseconds(1)).map(\.description) == ["2026-11-18", "2026-11-19"])
        #expect(try calendar.daysOver(after: last, by: midnight).map(\.description) == ["2026-11-18", "2026-11-19", "2026-11-20"])
        #expect(try calendar.daysOver(after: nil, by: midnight).map(\.description) == ["2026-11-20"])
        #expect(try calendar.daysOver(after: BillDay("2026-11-20"), by: midnight).isEmpty)
        #expect(try calendar.daysOver(after: last, by: midnight, most: 1).count == 1)
    }

    @Test("what a meter does not hold, or less than nothing, is refused (BIL-12)")
    func refused() throws {
        let calendar = try BillingCalendar(zone: "UTC")
        let day = try #require(BillDay("2026-11-20"))
        for bytes in [[StorageKind.netdisk: Bytes.gib(1)], [.code: Bytes(-1)], [.code: Bytes(.max)]] {
            #expect(throws: WeirError.self) {
                try StorageCharge(
                    meter: .library(Sample.workspace), day: day, samples: [],
                    earlier: StorageSample(at: Sample.time("2026-11-19T23:00:00Z"), bytes: bytes), tariff: Sample.tariff(),
                    calendar: calendar)
            }
        }
    }
}

extension SeededRandom {
    fileprivate mutating func sample(at moment: Timestamp) -> StorageSample {
        let kinds: [StorageKind] = [.code, .datasets, .models, .images, .outputs]
        return StorageSample(
            at: moment,
            bytes: Dictionary(uniqueKeysWithValues: kinds.map { ($0, Bytes(.random(in: 0...Bytes.gib(30).count, using: &self))) }))
    }
}

extension StorageSample {
    fileprivate var total: Int128 { bytes.values.reduce(0) { $0 + Int128($1.count) } }
}
