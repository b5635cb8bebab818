/// What one decision keeps in mind while it goes through the queue.
struct Pass {
    let now: Timestamp
    /// What came at this moment or before goes by age alone.
    let patientSince: Int64
    var decisions: [SchedulingDecision] = []
    var started: [Identifier<Workload>] = []
    var place: Int32 = 0
    /// By pool: its head has been found.
    var hasHead: [Bool]
    /// Reservations of the last decision whose owners have not been reached yet: what they kept is free for those before them.
    var lifted: [Reservation] = []
    /// What each workspace and person is counted to be served by its entries that have had their place in the order.
    var workspaceTurns: [Int64]
    var personTurns: [Int64]
    /// What each has been served before.
    var workspaceStandings: [Int64]
    var personStandings: [Int64]
    /// What their quotas leave: less what is kept for those that have waited longer than the patience.
    var workspaceLeft: [QuotaLeft]
    var personLeft: [QuotaLeft]
    /// By how many of the timed reservations are passed over, latest first: the nodes where that makes a difference.
    var views: [[(node: Int, free: Cluster.Free, glance: Glance)]] = []
    var viewStarts: [Int64] = []
    var viewsAreFresh = false

    enum Outcome { case started, heldByQuota, blocked }
}
