import Testing
import WeirModel

@Suite("Billing: the worked examples of the sources")
struct BillingExampleTests {
    let shanghai: BillingCalendar

    init() throws { shanghai = try BillingCalendar(zone: "Asia/Shanghai") }

    @Test(
        "duration is rounded up to the minute, once (BIL-04)",
        arguments: [(0, 0), (1, 1), (59_999, 1), (60_000, 1), (60_001, 2), (61_000, 2), (3_600_000, 60), (3_600_001, 61)])
    func minutes(milliseconds: Int64, minutes: Int64) throws {
        let start = Sample.time("2026-11-21T09:17:41Z")
        let run = MeteredRun(run: Sample.run, start: start, price: Sample.price(perHour: 1))
        #expect(try run.minutes(until: start + .milliseconds(milliseconds)) == minutes)
    }

    @Test(
        "price = unit price × duration, to the micro-point (BIL-03)",
        arguments: [
            ("1.000000", 60, "1.000000"), ("1.000000", 2, "0.033333"), ("0.100000", 61, "0.101666"), ("5.000000", 1440, "120.000000"),
            ("0.000001", 59, "0.000000"), ("0.000001", 60, "0.000001"), ("12.345678", 0, "0.000000"),
        ])
    func unitPrice(perHour: String, minutes: Int64, amount: String) throws {
        #expect(try Sample.price(perHour: #require(Points(perHour))).amount(minutes: minutes).description == amount)
    }

    @Test("60 GB for a day cost (60 − 50) × 0.003333 = 0.033330 points (BIL-13, BIL-14, BIL-16)")
    func storage() throws {
        let charge = try storageCharge(of: .library(Sample.workspace), [.datasets: .gib(40), .models: .gib(20)])
        #expect(charge.amount.description == "0.033330")
    }

    @Test(
        "10 GB of a person's netdisk are free, the 11th costs 0.003333 points a day (BIL-28, X04)",
        arguments: [(10, "0.000000"), (11, "0.003333")])
    func netdisk(gib: Int64, amount: String) throws {
        let charge = try storageCharge(of: .netdisk(Sample.workspace, Sample.account), [.netdisk: .gib(gib)])
        #expect(charge.amount.description == amount)
    }

    private func storageCharge(of meter: StorageMeter, _ bytes: [StorageKind: Bytes]) throws -> Charge {
        let day = try #require(BillDay("2026-11-20"))
        let samples = try shanghai.hours(of: day).map { StorageSample(at: $0, bytes: bytes) }
        let basis = try StorageCharge(
            meter: meter, day: day, samples: samples, earlier: nil, tariff: Sample.tariff(), calendar: shanghai)
        return try Charge(.storage(basis), calendar: shanghai)
    }

    @Test("a run from 23:30 on the last of a month to 00:30 gives 30 minutes on each bill (BIL-07)")
    func acrossMonths() throws {
        let run = MeteredRun(
            run: Sample.run, start: Sample.time("2026-11-30T15:30:00Z"), end: Sample.time("2026-11-30T16:30:00Z"),
            price: Sample.price(perHour: Points(micro: 1_000_001)))
        let plan = try run.settlement(after: .none, now: Sample.time("2026-11-30T17:00:00Z"), calendar: shanghai)
        let november = try Bill(BillMonth(year: 2026, month: 11), charges: plan.charges)
        let december = try Bill(BillMonth(year: 2026, month: 12), charges: plan.charges)
        #expect(november.lines.map(\.minutes) == [30])
        #expect(december.lines.map(\.minutes) == [30])
        // 1.000001 points for the hour: the half micro-point is not lost between the bills.
        #expect(november.total.description == "0.500000")
        #expect(december.total.description == "0.500001")
    }

    @Test("settled every hour and at the end (BIL-05): a run of 09:20:30 to 11:05:00 gives three charges")
    func hourly() throws {
        let start = Sample.time("2026-11-21T09:20:30Z")
        let running = MeteredRun(run: Sample.run, start: start, price: Sample.price(perHour: 6))
        #expect(try running.settlement(after: .none, now: Sample.time("2026-11-21T09:59:59Z"), calendar: shanghai).charges.isEmpty)
        let first = try running.settlement(after: .none, now: Sample.time("2026-11-21T10:00:00Z"), calendar: shanghai)
        #expect(first.charges.map(\.amount.description) == ["4.000000"])
        #expect(!first.isFinal)
        let ended = MeteredRun(run: running.run, start: start, end: Sample.time("2026-11-21T11:05:00Z"), price: running.price)
        let rest = try ended.settlement(after: first.settled, now: Sample.time("2026-11-21T11:05:01Z"), calendar: shanghai)
        #expect(rest.charges.map(\.amount.description) == ["6.000000", "0.500000"])
        #expect(rest.settled.minutes == 105)
        #expect(rest.charges.last?.to == ended.end)
        #expect(rest.isFinal)
    }

    @Test(
        "queueing, pulling and deploying are free: a run that never ran has no start, and one that ended at once costs nothing (BIL-26, X03)"
    )
    func free() throws {
        let start = Sample.time("2026-11-21T09:20:30Z")
        let run = MeteredRun(run: Sample.run, start: start, end: start, price: Sample.price(perHour: 6))
        let plan = try run.settlement(after: .none, now: start, calendar: shanghai)
        #expect(plan.charges.isEmpty)
        #expect(plan.isFinal)
    }

    @Test("an end before the start, from a clock stepped back, is no time, and no error (X03)")
    func clockSteppedBack() throws {
        let start = Sample.time("2026-11-21T09:20:30Z")
        let run = MeteredRun(run: Sample.run, start: start, end: start - .seconds(7200), price: Sample.price(perHour: 6))
        let plan = try run.settlement(after: .none, now: start, calendar: shanghai)
        #expect(plan.charges.isEmpty)
        #expect(plan.isFinal)
    }
}
