/// What has started and has not ended.
struct Running: Sendable {
    var entry: QueueEntry
    /// A placement whose node is gone has the node −1 and holds nothing.
    var placements: [Placement]
    var startedAt: Timestamp
    var runningAt: Timestamp?
    var workspace: Int
    var person: Int
    /// It has been told to stop, to make room for this one.
    var givesWayTo: Identifier<Workload>?
    /// It waits again as soon as this run has ended.
    var next: QueueEntry?

    /// The moment by which its place is free for certain; nil is no known end.
    func end(overhead: Int) -> Int64? {
        entry.limit.map { (runningAt ?? startedAt).milliseconds + Int64($0 + overhead) * 1000 }
    }
}

/// An instance on a node.
struct Resident: Sendable {
    var id: Identifier<Workload>
    /// Milliseconds; `Int64.max` when no end is known.
    var end: Int64
    var startedAt: Int64
    var isPreemptible: Bool
    var isEnding: Bool
    var amount: NodeAmount

    static func < (a: Resident, b: Resident) -> Bool { (a.end, a.id) < (b.end, b.id) }
}
