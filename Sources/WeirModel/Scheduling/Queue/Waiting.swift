/// What a decision looks at for each entry; the rest of the entry is kept apart.
struct Waiting: Sendable {
    var queuedAt: Int64
    /// Milliseconds that a run may last; nil is no known end.
    var limit: Int64?
    var ask: Int32
    var workspace: Int32
    var person: Int32
    var turn: Int8
    var isPreemptible: Bool
    var reason: QueueReason?
    /// The number of the last decision in which it had its turn.
    var examinedIn = 0
    /// Others give way to it.
    var isClearing = false
}
