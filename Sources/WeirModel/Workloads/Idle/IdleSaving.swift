/// What stopping an idle environment saved (X18).
public struct IdleSaving: Hashable, Sendable, Codable {
    /// Seconds that it would have gone on for.
    public var seconds: Int64
    public var points: Points

    /// - Parameters:
    ///   - stoppedAt: when it was stopped for idleness.
    ///   - autoStopAt: when its own timer would have stopped it; nil would have run on.
    ///   - startedAgainAt: when a person started it again; nil so far.
    ///   - now: until when it is counted while neither has come.
    ///   - pricePerHour: of all its instances together.
    /// Throws `amount_too_large`.
    public init(
        stoppedAt: Timestamp, autoStopAt: Timestamp?, startedAgainAt: Timestamp?, now: Timestamp, pricePerHour: Points
    ) throws(WeirError) {
        let end = [autoStopAt, startedAgainAt].compactMap { $0 }.reduce(now) { min($0, $1) }
        seconds = max(0, (end - stoppedAt).milliseconds / 1000)
        points = try Points(exactly: Int128(pricePerHour.micro) * Int128(seconds) / 3600)
    }
}
