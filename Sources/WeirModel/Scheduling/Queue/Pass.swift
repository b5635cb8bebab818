/// What one decision keeps in mind while it goes through the queue.
struct Pass {
    let now: Timestamp
    /// So many of the first to come go by their age alone.
    let patient: Int
    var decisions: [SchedulingDecision] = []
    var started: [Identifier<Workload>] = []
    /// By pool: its head has been found.
    var hasHead: [Bool]
    /// Reservations of the last decision whose owners have not been reached yet: what they kept is free for those before them.
    var lifted: [Reservation] = []
    /// What each workspace and person is counted to be served by its entries that have had their place in the order.
    var workspaceTurns: [Int64]
    var personTurns: [Int64]
    /// What each has been served before; below 0 until it is asked for.
    var workspaceStandings: [Int64]
    var personStandings: [Int64]
    /// What their quotas leave: less what is kept for those that have waited longer than the patience.
    var workspaceLeft: [QuotaLeft] = []
    var personLeft: [QuotaLeft] = []
    /// By how many of the timed reservations are passed over, latest first: the nodes where that makes a difference.
    var views: [[Seen]] = []
    var viewStarts: [Int64] = []
    var viewsAreFresh = false

    /// Takes from what the quotas leave.
    mutating func take(_ need: Holdings, workspace: Int? = nil, person: Int? = nil, of owner: Int) {
        if let workspace { workspaceLeft[workspace].take(need) }
        if let person { personLeft[person].take(need) }
        if !hasLess.isEmpty { hasLess[owner] = true }
    }

    /// One that waits for resources counts for its workspace and person as soon as it has its place in the order.
    mutating func count(_ record: Waiting, _ turns: Int64) {
        workspaceTurns[Int(record.workspace)] &+= turns
        personTurns[Int(record.person)] &+= turns
    }

    // What need not be looked at: see `Scheduler.narrow`.

    /// All that go by their age alone have had their turn.
    var isBeyondPatient = false
    /// Only what may start or become a head is looked at from here on.
    var isNarrow = false
    /// By slot: whether its quotas had room for it when the decision began; by workspace: whether they have less since.
    var hadQuota: [Bool] = []
    var hasLess: [Bool] = []
    /// By pool that has no head yet: how many may become it.
    var awaited: [Int] = []
    /// By slot: whether it may start.
    var mayStart: [Bool] = []
    /// By class and workspace: how many may start and have not had their turn.
    private var candidatesOf: [Int32] = []
    private(set) var candidates = 0
    private(set) var timesNarrowed = 0

    init(at moment: Timestamp, patient: Int, pools: Int, workspaces: Int, people: Int) {
        now = moment
        self.patient = patient
        hasHead = Array(repeating: false, count: pools)
        workspaceTurns = Array(repeating: 0, count: workspaces)
        personTurns = Array(repeating: 0, count: people)
        workspaceStandings = Array(repeating: -1, count: workspaces)
        personStandings = Array(repeating: -1, count: people)
    }

    mutating func narrow(slots: Int) {
        isNarrow = true
        timesNarrowed += 1
        candidates = 0
        mayStart = Array(repeating: false, count: slots)
        candidatesOf = Array(repeating: 0, count: PriorityClass.allCases.count * workspaceTurns.count)
    }

    func candidates(_ turn: Int, _ workspace: Int) -> Int32 { candidatesOf[turn * workspaceTurns.count + workspace] }

    mutating func add(_ slot: Int, _ record: Waiting) {
        mayStart[slot] = true
        candidates += 1
        candidatesOf[Int(record.turn) * workspaceTurns.count + Int(record.workspace)] += 1
    }

    mutating func examined(_ slot: Int, _ record: Waiting) {
        guard mayStart[slot] else { return }
        mayStart[slot] = false
        candidates -= 1
        candidatesOf[Int(record.turn) * workspaceTurns.count + Int(record.workspace)] -= 1
    }

    /// What a node would have free.
    struct Seen {
        var node: Int
        var free: Cluster.Free
        var glance: Glance
    }

    enum Outcome { case started, heldByQuota, blocked }
}
