/// How soon a workload's turn comes: a higher class goes before a lower one until the lower one has waited out the settings'
/// patience (QUO-07).
public enum PriorityClass: String, Codable, Sendable, CaseIterable {
    case low, normal, high

    /// From 0 for the class that goes first.
    var turn: Int {
        switch self {
        case .high: 0
        case .normal: 1
        case .low: 2
        }
    }
}

extension PriorityClass: Comparable {
    /// The one that goes later is the smaller.
    public static func < (a: Self, b: Self) -> Bool { a.turn > b.turn }
}
