import Testing
import WeirModel

@Suite struct UsageSeriesTests {
    private let start = Timestamp(milliseconds: 1_772_355_600_000)

    private func series(seconds: Int) -> UsageSeries {
        var series = UsageSeries()
        for second in stride(from: 0, to: seconds, by: 10) {
            series.add(
                UsageSample(
                    at: start + .seconds(second), cpu: Int32(second / 60), memory: .mib(64), gpuPercent: 50, requests: 2, errors: 1))
        }
        return series
    }

    @Test("an hour is kept as it came and a day a minute each, however long it goes on")
    func bounded() {
        let series = series(seconds: 3 * 86_400)
        let now = start + .seconds(3 * 86_400)
        #expect(series.samples(.hour, at: now).count == 360)
        #expect((1439...1441).contains(series.samples(.day, at: now).count))
    }

    @Test("a minute is the average of what was measured and the sum of what was counted")
    func minute() {
        let samples = series(seconds: 180).samples(.day, at: start + .seconds(180))
        #expect(samples.map(\.cpu) == [0, 1, 2])
        #expect(samples.map(\.requests) == [12, 12, 12])
        #expect(samples.map(\.errors) == [6, 6, 6])
        #expect(samples.map(\.gpuPercent) == [50, 50, 50])
        #expect(samples.map(\.memory) == [.mib(64), .mib(64), .mib(64)])
    }

    @Test("the minute that goes on is part of the day, and what is older than the span is not shown")
    func edges() {
        let series = series(seconds: 90)
        #expect(series.samples(.day, at: start + .seconds(90)).map(\.cpu) == [0, 1])
        #expect(series.samples(.hour, at: start + .seconds(3640)).count == 5)
        #expect(series.samples(.hour, at: start + .seconds(7200)).isEmpty)
        #expect(UsageSample.together([]) == nil)
    }
}
