/// A demand that was asked for before, with what is known about each node for it. Only a memory of what can be worked out
/// again: it never changes what is decided.
struct Shape: Sendable {
    static let noRoom = Int32.min

    let demand: Demand
    /// By kind of node: the devices that would do; nil when the node never would.
    let eligible: [[Int]?]
    /// By node, as of the change number `seen`: its score, and the device for a demand of one.
    var scores: [Int32]
    var devices: [Int16]
    var seen = -1
    /// By kind of node: what a node is worth of which nobody holds anything.
    var untouched: [Scorer.Choice?]
    /// The best node as of `seen`.
    var best: Int?

    /// The smallest gang that did not fit, and as of which change.
    var tooMany: (count: Int, asOf: Int)?

    init(_ demand: Demand, _ fleet: Fleet) {
        self.demand = demand
        eligible = fleet.kinds.map { fleet.eligible(for: demand, on: $0) }
        scores = Array(repeating: Shape.noRoom, count: fleet.nodes.count)
        untouched = Array(repeating: nil, count: fleet.kinds.count)
        devices = Array(repeating: -1, count: fleet.nodes.count)
    }
}
