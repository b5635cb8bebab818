/// Durations as people write them: a whole number and a unit.
extension Duration {
    private static let units: [(name: Character, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]

    /// Reads `90s`, `30m`, `12h`, `7d`. Nil for anything else, and for nothing at all.
    init?(brief text: String) {
        guard let unit = Self.units.first(where: { $0.name == text.last }), let count = Int64(text.dropLast()),
            count > 0, count <= 10_000 * 86_400 / unit.seconds
        else { return nil }
        self = .seconds(count * unit.seconds)
    }

    /// In the largest unit that leaves no rest: `12h`.
    var brief: String {
        let seconds = components.seconds
        guard let unit = Self.units.first(where: { seconds % $0.seconds == 0 && seconds >= $0.seconds }) else {
            return "\(seconds)s"
        }
        return "\(seconds / unit.seconds)\(unit.name)"
    }
}
