/// A workspace, or a person in one, with what it holds and has used.
struct Party: Sendable {
    var held = Holdings.none
    /// Of `held`, what has no known end.
    var heldOpen = Holdings.none
    /// `held` as a share of the zone, in millionths.
    var rate: Int64 = 0
    var usage = Usage()
    var weight = Party.plainWeight
    var quota: Quota?

    static let plainWeight = 100

    /// What the turn goes by, smallest first: what was used and what is held, by weight.
    func standing(at now: Int64, halfLife: Int64, horizon: Int64) -> Int64 {
        usage.amount(at: now, rate: rate, halfLife: halfLife) + rate * horizon
    }
}

struct WorkspaceState: Sendable {
    let id: Identifier<Workspace>
    let tie: UInt64
    var party = Party()
    /// Positions of its people.
    var people: [Int] = []

    init(_ id: Identifier<Workspace>) {
        self.id = id
        tie = Digest.of(id.text)
    }
}

struct PersonState: Sendable {
    let workspace: Int
    let account: Identifier<Account>
    let tie: UInt64
    var party = Party()

    init(_ account: Identifier<Account>, in workspace: Int) {
        self.workspace = workspace
        self.account = account
        tie = Digest.of(account.text)
    }
}
