/// When a waiting run is expected to start: the production policy played forward over several guesses of what ends when (DEV-26).
public struct StartForecast: Hashable, Sendable, Codable {
    /// One in ten guesses has an earlier start.
    public var low: Timestamp
    public var median: Timestamp
    /// One in ten guesses has a later start; nil when those depend on something without a known end.
    public var high: Timestamp?
    /// The weakest ground that it rests on.
    public var basis: RunLengths.Basis

    public init(low: Timestamp, median: Timestamp, high: Timestamp?, basis: RunLengths.Basis) {
        self.low = low
        self.median = median
        self.high = high
        self.basis = basis
    }
}
