/// How good forecasts of starts were, once the starts had come.
public struct ForecastScore: Hashable, Sendable, Codable {
    /// The forecasts that came true one way or the other.
    public var count: Int
    /// Thousandths of the starts that came between low and high; a high that was not known takes any later start in.
    public var within: Int
    /// Half of the forecasts missed the start by at most so many seconds.
    public var medianError: Int64
    /// Seconds by which starts came later than the median on average; below 0 they came earlier.
    public var bias: Int64
    /// Half of the ranges are at most so many seconds wide: a range that takes everything in says nothing.
    public var medianWidth: Int64

    /// Nil when there is nothing to score.
    public init?(_ pairs: some Sequence<(forecast: StartForecast, start: Timestamp)>) {
        var (count, hits, sum): (Int, Int, Int64) = (0, 0, 0)
        var errors: [Int64] = []
        var widths: [Int64] = []
        for (forecast, start) in pairs {
            count += 1
            if forecast.low <= start, forecast.high.map({ start <= $0 }) ?? true { hits += 1 }
            let late = (start.milliseconds - forecast.median.milliseconds) / 1000
            sum += late
            errors.append(abs(late))
            if let high = forecast.high { widths.append((high.milliseconds - forecast.low.milliseconds) / 1000) }
        }
        guard count > 0 else { return nil }
        self.count = count
        within = hits * 1000 / count
        medianError = errors.sorted()[errors.count / 2]
        bias = sum / Int64(count)
        medianWidth = widths.isEmpty ? 0 : widths.sorted()[widths.count / 2]
    }
}
