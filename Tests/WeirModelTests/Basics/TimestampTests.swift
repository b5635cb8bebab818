import TestSupport
import Testing
import WeirModel

@Suite("Moments")
struct TimestampTests {
    @Test("a moment is read as it was written, to the millisecond")
    func roundTrip() {
        var random = SeededRandom()
        for _ in 0..<2000 {
            let moment = Timestamp(milliseconds: .random(in: 0...253_402_300_799_999, using: &random))
            #expect(Timestamp(moment.description) == moment, "seed \(random.seed)")
        }
    }

    @Test(
        "a moment is written in UTC with three places",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_795_255_200_007, "2026-11-21T10:00:00.007Z"), (-1, "1969-12-31T23:59:59.999Z"),
        ])
    func text(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).description == text)
    }

    @Test("a day's date leads back to the day, before 1970 and in leap years, too")
    func days() {
        for day in Int64(-200_000)...200_000 {
            let (year, month, date) = Timestamp.civil(day)
            guard Timestamp.days(year, month, date) == day else {
                Issue.record("day \(day) is \(year)-\(month)-\(date), which is day \(Timestamp.days(year, month, date))")
                return
            }
        }
        #expect(Timestamp.civil(Timestamp.days(2024, 2, 28) + 1) == (2024, 2, 29))
    }
}
