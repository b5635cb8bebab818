/// Making room: what may be stopped gives way to what may not.
///
/// The rule: on the node where the fewest runs have to stop, those; of equally many the youngest; of equals the first node. Nothing is
/// stopped without which there would be room as well.
extension Scheduler {
    /// Of so many runs on a node, the best set is found by trying all pairs and triples; beyond that youngest first, then thinned out.
    static let mostTried = 24

    /// Who has to stop so that the entry has room; nil when that would not help.
    func clearing(for entry: QueueEntry, ask: Ask, at now: Int64) -> Reservation? {
        let (claims, _) = claims()
        // What gives way to nobody any more counts as gone.
        let spoken = Set(reservations.flatMap(\.victims))
        var chosen: Set<Identifier<Workload>> = []
        var victims: [Identifier<Workload>] = []
        var placed: [Int: NodeAmount] = [:]
        func free(_ node: Int) -> Cluster.Free {
            var free = claimed(node, claims)
            if ending[node] > 0 || !chosen.isEmpty {
                for resident in residents[node] where resident.isEnding && !spoken.contains(resident.id) || chosen.contains(resident.id) {
                    free.add(resident.amount)
                }
            }
            if let amount = placed[node] { free.add(amount, times: -1) }
            return free
        }
        let least = AskRoom(ask).least
        let nodes = rooms.indices.filter { ask.devices[kindOfNode[$0]] != nil }
        for _ in 0..<ask.instances {
            var best: (victims: [Resident], node: Int)?
            for node in nodes {
                let kind = kindOfNode[node]
                // Nobody there gives way or has done so: what it seems to lack, it lacks.
                if preemptible[node] == 0, ending[node] == 0, !glances[node].mayHold(least) { continue }
                let free = free(node)
                if ask.capacity(in: free, kind: kind) > 0 {
                    best = ([], node)
                    break
                }
                guard preemptible[node] > 0 else { continue }
                guard wouldHelp(on: node, ask, free: free, sparing: chosen) else { continue }
                let candidates = residents[node].filter { $0.isPreemptible && !$0.isEnding && !chosen.contains($0.id) }
                guard !candidates.isEmpty, let set = fewest(of: candidates, for: ask, free: free, kind: kind) else { continue }
                if let known = best, !Self.isBetter(set, than: known.victims) { continue }
                best = (set, node)
            }
            guard let best else { return nil }
            for victim in best.victims where chosen.insert(victim.id).inserted { victims.append(victim.id) }
            guard let devices = ask.devices(in: free(best.node), kind: kindOfNode[best.node]) else { return nil }
            placed[best.node, default: NodeAmount(node: best.node)].add(ask.demand, devices: devices)
        }
        guard !victims.isEmpty else { return nil }
        var reservation = Reservation(owner: entry.id, pool: ask.pool, ground: .cleared, needs: [], victims: victims)
        reservation.freedAt = entry.limit.map { now + Int64($0 + 2 * settings.overhead) * 1000 }
        for (node, need) in placed.sorted(by: { $0.key < $1.key }) {
            reservation.needs.append(need)
            var later = rooms[node]
            for resident in residents[node] where resident.isEnding && !spoken.contains(resident.id) || chosen.contains(resident.id) {
                later.add(resident.amount)
            }
            let kept = need.kept(of: rooms[node], whenLater: later)
            if !kept.isEmpty { reservation.kept.append(kept) }
        }
        return reservation
    }

    /// Whether there would be room if all that may give way there did.
    private func wouldHelp(on node: Int, _ ask: Ask, free: Cluster.Free, sparing: Set<Identifier<Workload>>) -> Bool {
        var free = free
        for index in residents[node].indices {
            guard residents[node][index].isPreemptible, !residents[node][index].isEnding else { continue }
            if sparing.isEmpty || !sparing.contains(residents[node][index].id) { free.add(residents[node][index].amount) }
        }
        return ask.capacity(in: free, kind: kindOfNode[node]) > 0
    }

    /// Tells a run to give way.
    mutating func stop(_ id: Identifier<Workload>, for other: Identifier<Workload>) {
        guard var run = running[id] else { return }
        forget(run)
        moveOut(run)
        run.givesWayTo = other
        settleIn(run)
        running[id] = run
        remember(run)
    }

    private static func isBetter(_ a: [Resident], than b: [Resident]) -> Bool {
        if a.count != b.count { return a.count < b.count }
        for (mine, theirs) in zip(a, b) where mine.startedAt != theirs.startedAt { return mine.startedAt > theirs.startedAt }
        return false
    }

    /// The smallest set of runs without which there is room for one instance, the youngest of equals.
    private func fewest(of candidates: [Resident], for ask: Ask, free: Cluster.Free, kind: Int) -> [Resident]? {
        // The instances of one run stop together.
        var runs: [(resident: Resident, amount: NodeAmount)] = []
        for resident in candidates {
            if let known = runs.firstIndex(where: { $0.resident.id == resident.id }) {
                runs[known].amount.cpu += resident.amount.cpu
                runs[known].amount.memory += resident.amount.memory
                for item in resident.amount.devices { runs[known].amount.add(item.device, item.compute, item.memory) }
            } else {
                runs.append((resident, resident.amount))
            }
        }
        runs.sort { ($0.resident.startedAt, $0.resident.id) > ($1.resident.startedAt, $1.resident.id) }
        func fits(_ indices: [Int]) -> Bool {
            var free = free
            for index in indices { free.add(runs[index].amount) }
            return ask.capacity(in: free, kind: kind) > 0
        }
        guard fits(Array(runs.indices)) else { return nil }
        let tried = min(runs.count, Self.mostTried)
        for size in 1...3 {
            if let found = firstSet(of: size, from: tried, fits) { return found.map { runs[$0].resident } }
        }
        var set: [Int] = []
        for index in runs.indices where !fits(set) { set.append(index) }
        // The oldest are spared first.
        for index in set.reversed() {
            let without = set.filter { $0 != index }
            if fits(without) { set = without }
        }
        return set.map { runs[$0].resident }
    }

    private func firstSet(of size: Int, from count: Int, _ fits: ([Int]) -> Bool) -> [Int]? {
        guard size <= count else { return nil }
        var set = Array(0..<size)
        while true {
            if fits(set) { return set }
            guard let index = set.indices.last(where: { set[$0] < count - size + $0 }) else { return nil }
            set[index] += 1
            for later in set.indices where later > index { set[later] = set[later - 1] + 1 }
        }
    }
}
