/// What is kept for an entry that waits at the head of its pool.
struct Reservation: Sendable {
    enum Ground: Hashable, Sendable {
        /// By known ends it starts at this moment at the latest, in milliseconds.
        case timed(Int64)
        /// No known ends make room: what is free there is kept from everybody.
        case open
        /// Others give way to it: what they leave is kept from everybody, whatever its place in the order, until it starts.
        case cleared
    }

    var owner: Identifier<Workload>
    var pool: Int
    var ground: Ground
    /// What it is going to hold, by node, ascending.
    var needs: [NodeAmount]
    /// What of that is free now and held back.
    var kept: [NodeAmount] = []
    /// When its own run is over, if that is known.
    var freedAt: Int64?
    /// Those that give way and still hold their places.
    var victims: [Identifier<Workload>] = []

    /// Whether what ends at this moment may use what is kept.
    func lets(pass end: Int64) -> Bool {
        if case .timed(let start) = ground { return end <= start }
        return false
    }
}
