import Foundation
import TestSupport
import Testing
import WeirModel

@Suite("Billing: every charge explains itself and can be verified")
struct BillingChargeTests {
    let shanghai: BillingCalendar

    init() throws { shanghai = try BillingCalendar(zone: "Asia/Shanghai") }

    private func example() throws -> [Charge] {
        let price = try Sample.tariff().price(of: Sample.spec(Sample.environment()))
        let run = MeteredRun(
            run: Sample.run, start: Sample.time("2026-11-21T01:20:30Z"), end: Sample.time("2026-11-21T02:05:00Z"), price: price)
        return try run.settlement(after: .none, now: Sample.time("2026-11-21T03:00:00Z"), calendar: shanghai).charges
    }

    @Test("the explanation has the unit prices, the minutes, the price list and the arithmetic, in both languages (BIL-22, BIL-27)")
    func explained() throws {
        let texts = try example().map { try $0.explained(calendar: shanghai) }
        let parts =
            "(8 cores × 0.060000 + 64 GiB memory × 0.015000 + 500 thousandths of nvidia.com/gpu × 0.005000 + "
            + "40 GiB memory of nvidia.com/gpu × 0.020000 + 100 GiB scratch × 0.002500)"
        #expect(
            texts.map(\.en) == [
                "Run \(Sample.run), 2026-11-21 09:20:30 – 2026-11-21 10:00:30 (Asia/Shanghai), 40 min, price list 1: "
                    + "\(parts) per hour × 40 min ÷ 60 = 3.326666 points.",
                "Run \(Sample.run), 2026-11-21 10:00:30 – 2026-11-21 10:05:00 (Asia/Shanghai), 5 min, price list 1: "
                    + "\(parts) per hour; 45 min of the run cost 3.742500, of which 40 min were settled with 3.326666: "
                    + "3.742500 − 3.326666 = 0.415834 points.",
            ])
        #expect(texts[1].zh.contains("3.742500 − 3.326666 = 0.415834 算力点"))
        #expect(texts[0].zh.contains("8 核 CPU × 0.060000 + 64 GiB 内存 × 0.015000"))
    }

    @Test("a storage explanation shows the kinds, the mean and what is free (BIL-13, BIL-27)")
    func storage() throws {
        let day = try #require(BillDay("2026-11-20"))
        let samples = try shanghai.hours(of: day).dropFirst().map {
            StorageSample(at: $0, bytes: [.datasets: .gib(40), .models: .mib(20_992)])
        }
        let basis = try StorageCharge(
            meter: .library(Sample.workspace), day: day, samples: samples, earlier: samples.first, tariff: Sample.tariff(),
            calendar: shanghai)
        let charge = try Charge(.storage(basis), calendar: shanghai)
        let text = try charge.explained(calendar: shanghai)
        #expect(
            text.en == "Storage on 2026-11-20, price list 1, 23 of 24 hours measured: datasets 960 + models 492 = 1452 GB·h; "
                + "(1452 ÷ 24 − 50) × 0.003333 = 0.034996 points.")
        #expect(text.zh.contains("数据集 960 + 模型 492 = 1452 GB·小时；(1452 ÷ 24 − 50) × 0.003333 = 0.034996 算力点"))
        let small = try StorageCharge(
            meter: .library(Sample.workspace), day: day, samples: [], earlier: nil, tariff: Sample.tariff(), calendar: shanghai)
        #expect(
            try Charge(.storage(small), calendar: shanghai).explained(calendar: shanghai).en.contains(
                "not above the free 50 GB: 0.000000 points"))
    }

    @Test("a charge survives being exported and read, and verifies without anything else (BIL-22)", arguments: billingSeeds)
    func export(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let start = random.start()
        let run = MeteredRun(
            run: Sample.run, start: start, end: start + random.span(1...9_000_000), price: random.price())
        for charge in try run.settlement(after: .none, now: start, calendar: shanghai).charges {
            let read = try JSONDecoder().decode(Charge.self, from: JSONEncoder().encode(charge))
            #expect(read == charge, "seed \(seed)")
            try read.verify(calendar: shanghai)
        }
    }

    @Test("a changed amount, price, minute, moment, key or month is found (BIL-27)")
    func tampering() throws {
        let data = try JSONEncoder().encode(try example()[1])
        let text = String(decoding: data, as: UTF8.self)
        for (old, new) in [
            (#""amount":"0.415834""#, #""amount":"0.415833""#), (#""price":"0.005000""#, #""price":"0.005001""#),
            (#""minutes":45"#, #""minutes":46"#), (#""minutes":40"#, #""minutes":39"#), (#""month":"2026-11""#, #""month":"2026-12""#),
            ("T02:00:30.000Z", "T02:00:31.000Z"), (#""corrections":0"#, #""corrections":1"#), (#""quantity":500"#, #""quantity":501"#),
            (#""instances":1"#, #""instances":2"#), (#""number":1"#, #""number":2"#),
        ] {
            let changed = text.replacingOccurrences(of: old, with: new)
            #expect(changed != text, "\(old)")
            let charge = try JSONDecoder().decode(Charge.self, from: Data(changed.utf8))
            #expect(throws: WeirError.self, "\(old)") { try charge.verify(calendar: shanghai) }
        }
    }

    @Test("charges of a run that leave one out, stand twice, or name another price are found (BIL-27)")
    func sequence() throws {
        let charges = try example()
        let price = try Sample.tariff().price(of: Sample.spec(Sample.environment()))
        let run = MeteredRun(
            run: Sample.run, start: Sample.time("2026-11-21T01:20:30Z"), end: Sample.time("2026-11-21T02:05:00Z"), price: price)
        #expect(try run.verify(charges, calendar: shanghai).minutes == 45)
        #expect(throws: WeirError.self) { try run.verify([charges[1]], calendar: shanghai) }
        #expect(throws: WeirError.self) { try run.verify([charges[0], charges[0]], calendar: shanghai) }
        let cheaper = MeteredRun(run: Sample.run, start: run.start, end: run.end, price: Sample.price(perHour: 1))
        #expect(throws: WeirError.self) { try cheaper.verify(charges, calendar: shanghai) }
        let shorter = MeteredRun(run: Sample.run, start: run.start, end: run.start + .seconds(44 * 60), price: price)
        #expect(throws: WeirError.self) { try shorter.verify(charges, calendar: shanghai) }
    }

    @Test("what is charged apart has a key apart: runs, minutes, days and meters (BIL-05, BIL-15)")
    func keys() throws {
        var keys: [String] = []
        for number in 1...2 {
            let run = MeteredRun(
                run: RunIdentity(workload: Sample.run.workload, number: number), start: Sample.time("2026-11-21T00:00:00Z"),
                end: Sample.time("2026-11-21T03:00:00Z"), price: Sample.price(perHour: 1))
            keys += try run.settlement(after: .none, now: run.start, calendar: shanghai).charges.map(\.key)
        }
        for meter in [StorageMeter.library(Sample.workspace), .netdisk(Sample.workspace, Sample.account)] {
            for day in ["2026-11-20", "2026-11-21", "2026-12-20"].compactMap(BillDay.init(_:)) {
                let basis = try StorageCharge(
                    meter: meter, day: day, samples: [], earlier: nil, tariff: Sample.tariff(), calendar: shanghai)
                keys.append(try Charge(.storage(basis), calendar: shanghai).key)
            }
        }
        #expect(keys.count == 12)
        #expect(Set(keys).count == 12)
    }

    @Test("a charge given back has a key of its own, and so has what is charged again after it (BIL-05)")
    func keysOfCorrections() throws {
        let start = Sample.time("2026-11-21T00:00:00Z")
        func run(ending hours: Int) -> MeteredRun {
            MeteredRun(run: Sample.run, start: start, end: start + .seconds(3600 * hours), price: Sample.price(perHour: 1))
        }
        var ledger = KeyedCharges()
        for hours in [3, 1, 4, 2, 3] {
            let plan = try run(ending: hours).settlement(after: ledger.settled, now: start, calendar: shanghai)
            for charge in plan.charges { ledger.enter(charge) }
            #expect(ledger.total == Int64(hours) * 1_000_000)
        }
        #expect(Set(ledger.charges.map(\.key)).count == ledger.charges.count)
    }
}
