import Foundation
import TestSupport
import Testing
import WeirModel

@testable import WeirHTTP

@Suite struct FormatTests {
    @Test("a time is that of the zone's clock, for any moment and zone", arguments: Property.seeds(3))
    func times(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for name in ["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "UTC"] {
            let zone = try #require(TimeZone(identifier: name))
            let clock = Date.ISO8601FormatStyle(dateTimeSeparator: .space, timeZone: zone).year().month().day().dateTimeSeparator(.space)
                .time(includingFractionalSeconds: false)
            for _ in 0..<300 {
                let moment = Timestamp(milliseconds: .random(in: -2_000_000_000_000...4_000_000_000_000, using: &random))
                let whole = Timestamp(milliseconds: Int64((Double(moment.milliseconds) / 1000).rounded(.down)) * 1000)
                #expect(Format.time(moment.description, in: zone) == whole.date.formatted(clock), "seed \(seed): \(moment) in \(name)")
            }
        }
    }

    @Test(
        "what is no time of the API is not taken for one",
        arguments: ["", "yesterday", "2026-11-21", "2026-11-21 10:00:00.000Z", "2026-1x-21T10:00:00.000Z"])
    func noTimes(text: String) { #expect(Format.seconds(of: text) == nil) }

    @Test(
        "points lose no digit that counts (BIL-02)",
        arguments: [("0.150000", "0.15"), ("12.003333", "12.003333"), ("5.000000", "5.00"), ("-0.100000", "-0.10"), ("7", "7")])
    func points(text: String, shown: String) { #expect(Format.points(text) == shown) }

    @Test("series without a colour of their own are one, with their sum (review 22)")
    func others() throws {
        let series = (1...8).map { number -> WeirHTTP.JSON in
            ["subject": "prj_\(number)", "total": "\(9 - number).000000", "amounts": ["\(9 - number).000000"]]
        }
        let spending: WeirHTTP.JSON = ["days": ["2026-11-01"], "series": series]
        let look = Look(language: .english, zone: .gmt, texts: try Texts([:]), names: [:], chosen: [:], listed: [:], typed: [:])
        let bars = try #require(Bars.all(of: spending, look))
        let legend = try #require(bars["legend"] as? [[String: Any]])
        #expect(legend.count == 7 && legend.last?["is_others"] as? Bool == true)
        #expect((legend.last?["total"] as? Shown.Text)?.text == "3")
        let days = try #require(bars["bars"] as? [[String: Any]])
        #expect((days.first?["parts"] as? [[String: Any]])?.count == 7)
    }

    @Test("amounts are in the unit that a person reads")
    func amounts() {
        #expect(Format.size(0) == "0 B")
        #expect(Format.size(1536) == "1.5 KiB")
        #expect(Format.size(50 << 30) == "50 GiB")
        #expect(Format.duration(3_909) == "01:05:09")
        #expect(Format.duration(360_000) == "100:00:00")
        #expect(Format.decimal(2500, 1000) == "2.5")
        #expect(Format.decimal(-5, 1000) == "-0.005")
        #expect(Format.decimal(3000, 1000) == "3")
        #expect(Format.hours(5400) == "1.5")
        #expect(Format.count(1_234_567) == "1\u{202F}234\u{202F}567")
    }
}
