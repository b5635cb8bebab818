/// What an operator can set about the queue.
public struct SchedulingSettings: Hashable, Sendable, Codable {
    /// Seconds after which a use of the zone counts half for the fair share.
    public var halfLife: Int
    /// Seconds of waiting after which an entry goes before all younger ones, whatever their class and share.
    public var patience: Int
    /// Seconds that a run may hold its place beyond its limit: to be brought up, and to be stopped.
    public var overhead: Int
    /// Seconds for which what is held counts in advance for the fair share; the length of a long run.
    public var horizon: Int
    /// At most so many entries hold a reservation at once.
    public var reservations: Int

    /// The longest half-life that the arithmetic has room for.
    public static let longestHalfLife = 30 * 86_400

    public init(
        halfLife: Int = 7 * 86_400, patience: Int = 86_400, overhead: Int = 600, horizon: Int = 4 * 3600,
        reservations: Int = 8
    ) {
        self.halfLife = min(max(60, halfLife), Self.longestHalfLife)
        self.patience = min(max(0, patience), 365 * 86_400)
        self.overhead = min(max(0, overhead), 86_400)
        self.horizon = min(max(1, horizon), Self.longestHalfLife)
        self.reservations = min(max(1, reservations), 64)
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let plain = SchedulingSettings()
        func value(_ key: CodingKeys, _ otherwise: Int) throws -> Int {
            try fields.decodeIfPresent(Int.self, forKey: key) ?? otherwise
        }
        self.init(
            halfLife: try value(.halfLife, plain.halfLife), patience: try value(.patience, plain.patience),
            overhead: try value(.overhead, plain.overhead), horizon: try value(.horizon, plain.horizon),
            reservations: try value(.reservations, plain.reservations))
    }
}
