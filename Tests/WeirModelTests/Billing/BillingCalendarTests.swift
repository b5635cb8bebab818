import Foundation
import TestSupport
import Testing
import WeirModel

@Suite("Billing: months and days of the installation's time zone")
struct BillingCalendarTests {
    @Test("the month of a moment is what the calendar says, near the edges and far from them (BIL-07)", arguments: Sample.zones)
    func months(zone: String) throws {
        let billing = try BillingCalendar(zone: zone)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: zone))
        var random = SeededRandom()
        for round in 0..<2000 {
            var moment = Timestamp(milliseconds: .random(in: 0...4_500_000_000_000, using: &random))
            if round % 2 == 0 { moment = try billing.monthBounds(around: moment).upperBound + .milliseconds(round % 4 - 1) }
            let parts = calendar.dateComponents([.year, .month], from: moment.date)
            let month = try billing.month(of: moment)
            #expect(month.year == parts.year && month.month == parts.month, "\(moment), seed \(random.seed)")
            let bounds = try billing.monthBounds(around: moment)
            #expect(bounds.contains(moment), "\(moment), seed \(random.seed)")
            #expect(bounds.lowerBound.date == calendar.dateInterval(of: .month, for: moment.date)?.start, "\(moment), seed \(random.seed)")
            #expect(bounds.upperBound.date == calendar.dateInterval(of: .month, for: moment.date)?.end, "\(moment), seed \(random.seed)")
        }
    }

    @Test("the same moment lies in different months in different zones (BIL-07)")
    func zones() throws {
        let moment = Sample.time("2026-11-30T17:00:00Z")
        #expect(try BillingCalendar(zone: "Asia/Shanghai").month(of: moment).description == "2026-12")
        #expect(try BillingCalendar(zone: "UTC").month(of: moment).description == "2026-11")
    }

    @Test("a zone that does not exist, and moments before 1970 and after 9999, are refused (BIL-07)")
    func refused() throws {
        #expect(throws: WeirError.self) { try BillingCalendar(zone: "Asia/Nowhere") }
        let utc = try BillingCalendar(zone: "UTC")
        for moment in [Timestamp(milliseconds: -1), Timestamp(milliseconds: .max), Timestamp(milliseconds: .min)] {
            #expect(throws: WeirError.timeOutOfRange()) { try utc.month(of: moment) }
            #expect(throws: WeirError.timeOutOfRange()) { try utc.day(of: moment) }
            let run = MeteredRun(run: Sample.run, start: moment, end: moment, price: Sample.price(perHour: 1))
            #expect(throws: WeirError.timeOutOfRange()) { try run.settlement(after: .none, now: moment, calendar: utc) }
            let running = MeteredRun(run: Sample.run, start: Sample.time("2026-11-21T00:00:00Z"), price: run.price)
            #expect(throws: WeirError.timeOutOfRange()) { try running.settlement(after: .none, now: moment, calendar: utc) }
        }
        #expect(try utc.month(of: Sample.time("9999-12-31T23:59:59Z")).description == "9999-12")
    }

    @Test(
        "months and days are read as they are written, and nothing else is",
        arguments: ["2026-13", "2026-1", "26-01", "2026-00", "+026-01", "2026-01-1", ""])
    func names(text: String) {
        #expect(BillMonth(text) == nil)
        #expect(BillDay(text) == nil)
        #expect(BillMonth("2026-01")?.description == "2026-01")
        #expect(BillDay("2026-01-31")?.description == "2026-01-31")
    }

    @Test("a day that the calendar does not have is refused (BIL-15)")
    func noSuchDay() throws {
        #expect(throws: WeirError.self) { try BillingCalendar(zone: "UTC").bounds(of: #require(BillDay("2026-02-30"))) }
        #expect(throws: WeirError.self) { try BillingCalendar(zone: "Pacific/Apia").bounds(of: #require(BillDay("2011-12-30"))) }
    }
}
