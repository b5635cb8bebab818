/// The whole state of a scheduler as it is written to the record: a scheduler made from it decides as the other would have.
public struct SchedulerSnapshot: Hashable, Sendable, Codable {
    public var nodes: [Node]
    public var settings: SchedulingSettings
    public var waiting: [QueueEntry]
    public var running: [Run]
    public var workspaces: [Share]
    public var people: [Share]
    public var clearings: [Clearing]
    /// By which places are chosen.
    var experience: Cluster.Experience
    /// Of the scheduler that it was made from; one that is made from it has the same.
    public var digest: String

    public struct Run: Hashable, Sendable, Codable {
        public var entry: QueueEntry
        public var placements: [Placement]
        public var startedAt: Timestamp
        public var runningAt: Timestamp?
        public var givesWayTo: Identifier<Workload>?
        public var next: QueueEntry?
    }

    /// What decides the turn of a workspace, or of a person in it.
    public struct Share: Hashable, Sendable, Codable {
        public var workspace: Identifier<Workspace>
        public var account: Identifier<Account>?
        var usage: Usage
        public var weight: Int
        public var quota: Quota?
    }

    /// A place that is being cleared for an entry.
    public struct Clearing: Hashable, Sendable, Codable {
        public var owner: Identifier<Workload>
        var freedAt: Int64?
        /// What each node is going to hold of it.
        var needs: [Need]
    }

    struct Need: Hashable, Sendable, Codable {
        var node: Int
        var cpu: Int
        var memory: Int64
        /// Three numbers for each device: its position, compute, memory.
        var devices: [[Int64]]
    }
}

extension Scheduler {
    public var snapshot: SchedulerSnapshot {
        func share(_ workspace: Int, _ account: Identifier<Account>?, _ party: Party) -> SchedulerSnapshot.Share {
            SchedulerSnapshot.Share(
                workspace: workspaces[workspace].id, account: account, usage: party.usage, weight: party.weight, quota: party.quota)
        }
        let runs = running.values.sorted { $0.entry.id < $1.entry.id }.map { run in
            SchedulerSnapshot.Run(
                entry: run.entry, placements: run.placements, startedAt: run.startedAt, runningAt: run.runningAt,
                givesWayTo: run.givesWayTo, next: run.next)
        }
        let clearings = reservations.filter { $0.ground == .cleared }.sorted { $0.owner < $1.owner }.map { reservation in
            SchedulerSnapshot.Clearing(
                owner: reservation.owner, freedAt: reservation.freedAt,
                needs: reservation.needs.map { need in
                    SchedulerSnapshot.Need(
                        node: need.node, cpu: need.cpu, memory: need.memory,
                        devices: need.devices.map { [Int64($0.device), Int64($0.compute), $0.memory] })
                })
        }
        return SchedulerSnapshot(
            nodes: cluster.nodes, settings: settings,
            waiting: byAge.slots.compactMap { entries[Int($0)] }, running: runs,
            workspaces: workspaces.indices.map { share($0, nil, workspaces[$0].party) },
            people: people.map { share($0.workspace, $0.account, $0.party) }, clearings: clearings,
            experience: cluster.experience, digest: String(digest, radix: 16))
    }

    public init(_ snapshot: SchedulerSnapshot) {
        self.init(nodes: snapshot.nodes, settings: snapshot.settings)
        for share in snapshot.workspaces + snapshot.people {
            let workspace = index(of: share.workspace)
            func take(_ party: inout Party) { (party.weight, party.quota) = (share.weight, share.quota) }
            if let account = share.account {
                let person = index(of: account, in: workspace)
                change {
                    take(&$0.people[person].party)
                } of: {
                    $0.digest(ofPerson: person)
                }
            } else {
                change {
                    take(&$0.workspaces[workspace].party)
                } of: {
                    $0.digest(ofWorkspace: workspace)
                }
            }
        }
        for run in snapshot.running { restore(run) }
        for share in snapshot.workspaces + snapshot.people {
            let workspace = index(of: share.workspace)
            if let account = share.account {
                let person = index(of: account, in: workspace)
                change {
                    $0.people[person].party.usage = share.usage
                } of: {
                    $0.digest(ofPerson: person)
                }
            } else {
                change {
                    $0.workspaces[workspace].party.usage = share.usage
                } of: {
                    $0.digest(ofWorkspace: workspace)
                }
            }
        }
        cluster.experience = snapshot.experience
        for entry in snapshot.waiting { apply(.arrived(entry), at: entry.queuedAt) }
        for clearing in snapshot.clearings { restore(clearing) }
    }

    private mutating func restore(_ run: SchedulerSnapshot.Run) {
        start(run.entry, run.placements, startedAt: run.startedAt, at: Timestamp(milliseconds: 0), places: .toBeHeld)
        guard var held = running[run.entry.id] else { return }
        forget(held)
        moveOut(held)
        (held.runningAt, held.givesWayTo, held.next) = (run.runningAt, run.givesWayTo, run.next)
        settleIn(held)
        running[run.entry.id] = held
        remember(held)
    }

    private mutating func restore(_ clearing: SchedulerSnapshot.Clearing) {
        guard let slot = slots[clearing.owner], let ask = asks[Int(waiting[Int(slot)].ask)] else { return }
        let needs = clearing.needs.map { need in
            NodeAmount(
                node: need.node, cpu: need.cpu, memory: need.memory,
                devices: need.devices.map { NodeAmount.Device(device: Int($0[0]), compute: Int($0[1]), memory: $0[2]) })
        }
        let victims = running.values.filter { $0.givesWayTo == clearing.owner }.map(\.entry.id).sorted()
        let reservation = Reservation(
            owner: clearing.owner, pool: ask.pool, ground: .cleared, needs: needs, freedAt: clearing.freedAt, victims: victims)
        itemsDigest &+= Digest.of(reservation)
        reservations.append(reservation)
        waiting[Int(slot)].isClearing = true
        growCleared()
    }
}

extension Scheduler: Codable {
    public init(from decoder: any Decoder) throws { self.init(try SchedulerSnapshot(from: decoder)) }

    public func encode(to encoder: any Encoder) throws { try snapshot.encode(to: encoder) }
}
