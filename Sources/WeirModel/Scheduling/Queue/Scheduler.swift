/// Who starts when, and why not yet: the queue of a zone (QUO-04, QUO-05, QUO-07, X22).
///
/// A value without a clock: the same events in the same order make the same decisions.
///
/// **Order.** What has waited longer than `SchedulingSettings.patience` goes first, by age. Then the classes, higher first. In a
/// class the workspace that has had the least of its fair share, in it the person, in them first come first. Each entry counts for
/// its workspace and person as soon as it has its place in the order, so that places go round.
///
/// **Quota.** What would put its workspace or person above a quota waits and stands in nobody's way. When it has waited longer than
/// the patience, its quota is kept for it, provided that it comes free by known ends.
///
/// **Reservation.** The first of each pool that waits for resources is its head, and holds a reservation: the place where it fits first,
/// by the ends that are known. Whatever fits beside it, or ends before it, may pass; nothing else does. If no known ends make room,
/// it keeps for itself what is free where the least is missing.
///
/// **Bound.** Let every run have a limit, L be the longest of them with the overhead, and n the number of entries older than this
/// one whose class and quota do not matter. It starts no later than patience + (n + 1) × L after it came, however much comes later,
/// as long as its quota and the nodes can hold it. What has no limit is not bounded: it holds up only what needs its place.
public struct Scheduler: Sendable {
    public internal(set) var settings: SchedulingSettings
    /// The nodes with all that is given out, and what is kept for reservations.
    public internal(set) var cluster: Cluster

    // The zone, as the policy reads it.
    var totals: ZoneTotals
    /// What the cluster has free, by node.
    var rooms: [Cluster.Free] = []
    /// The same at a glance.
    var glances: [Glance] = []
    /// By node, by their ends.
    var residents: [[Resident]] = []
    /// How many of them may be told to give way, and how many have been.
    var preemptible: [Int] = []
    var ending: [Int] = []
    var nodeKinds: [NodeKind] = []
    /// By node.
    var kindOfNode: [Int] = []
    /// Nodes on which something came free, oldest first; the first has the position `grownBase`.
    var grown: [Int32] = []
    var grownBase = 0

    // What waits.
    var waiting: [Waiting] = []
    var entries: [QueueEntry?] = []
    var unusedSlots: [Int32] = []
    var slots: [Identifier<Workload>: Int32] = [:]
    /// All that waits, first come first.
    var byAge = WaitingLine()
    var asks: [Ask?] = []
    var askRooms: [AskRoom] = []
    var askIndex: [Ask.Key: Int] = [:]
    var unusedAsks: [Int] = []
    var pools: [Pool: Int] = [:]

    // What runs, and whose it is.
    var running: [Identifier<Workload>: Running] = [:]
    var workspaces: [WorkspaceState] = []
    var people: [PersonState] = []
    var workspaceIndex: [Identifier<Workspace>: Int] = [:]
    var personIndex: [PersonKey: Int] = [:]

    var reservations: [Reservation] = []
    var passes = 0
    var decidedAt: Timestamp?
    /// Never changes what is decided.
    package var narrowing = Narrowing()
    /// See `digest`.
    var itemsDigest: UInt64 = 0
    var nodesDigest: UInt64 = 0

    struct PersonKey: Hashable, Sendable {
        var workspace: Int
        var account: Identifier<Account>
    }

    public init(nodes: [Node], settings: SchedulingSettings = SchedulingSettings()) {
        self.settings = settings
        cluster = Cluster(nodes: nodes)
        totals = ZoneTotals(nodes)
        readNodes()
    }

    /// How many wait.
    public var waitingCount: Int { slots.count }
    public var runningCount: Int { running.count }

    public func entry(of id: Identifier<Workload>) -> QueueEntry? { slots[id].flatMap { entries[Int($0)] } ?? running[id]?.entry }

    public func placements(of id: Identifier<Workload>) -> [Placement]? { running[id]?.placements }

    /// Why it waits; nil when it does not wait or there was no decision since it came.
    public func reason(of id: Identifier<Workload>) -> QueueReason? { slots[id].flatMap { waiting[Int($0)].reason } }

    /// Its place in the order as it is since the last decision, from 1; nil when there was none since it came. Goes through the queue.
    public func place(of id: Identifier<Workload>) -> Int? {
        guard let slot = slots[id], waiting[Int(slot)].reason != nil else { return nil }
        return order().firstIndex(of: slot).map { $0 + 1 }
    }

    /// All that wait, in the order as it is since the last decision; first what came after it.
    public var waitingEntries: [QueueEntry] {
        let new = byAge.slots.filter { waiting[Int($0)].reason == nil }
        return (new + order()).compactMap { entries[Int($0)] }
    }

    /// All that hold a place, by their ids.
    public var heldEntries: [QueueEntry] { running.values.map(\.entry).sorted { $0.id < $1.id } }

    /// What a workspace holds.
    public func held(by workspace: Identifier<Workspace>) -> Holdings {
        workspaceIndex[workspace].map { workspaces[$0].party.held } ?? .none
    }

    public func held(by account: Identifier<Account>, in workspace: Identifier<Workspace>) -> Holdings {
        workspaceIndex[workspace].flatMap { personIndex[PersonKey(workspace: $0, account: account)] }.map { people[$0].party.held } ?? .none
    }

    /// When an entry that holds a reservation starts at the latest, if all runs end by their limits; nil when it holds none, or when
    /// that depends on something without a known end.
    public func reservedStart(of id: Identifier<Workload>) -> Timestamp? {
        for reservation in reservations where reservation.owner == id {
            if case .timed(let start) = reservation.ground { return Timestamp(milliseconds: start) }
        }
        return nil
    }

    var halfLife: Int64 { Int64(settings.halfLife) * 1000 }
    var horizon: Int64 { Int64(settings.horizon) * 1000 }
}
