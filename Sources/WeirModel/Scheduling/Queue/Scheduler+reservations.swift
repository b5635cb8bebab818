/// Reservations of the heads: where and when they are going to start, and what is kept for that.
extension Scheduler {
    /// The moment by which something is taken to end: what is overdue, within a minute.
    private static func expected(_ end: Int64, at now: Int64) -> Int64 { end > now ? end : now + 60_000 }

    mutating func hold(_ reservation: Reservation) { for amount in reservation.kept { keep(amount) } }

    mutating func lift(_ reservation: Reservation) { for amount in reservation.kept { keep(amount, times: -1) } }

    /// Gives up what is kept for an entry.
    mutating func drop(reservationOf id: Identifier<Workload>) {
        guard let index = reservations.firstIndex(where: { $0.owner == id }) else { return }
        let reservation = reservations.remove(at: index)
        lift(reservation)
        if reservation.ground == .cleared {
            itemsDigest &-= Digest.of(reservation)
            if let slot = slots[id] { waiting[Int(slot)].isClearing = false }
        }
        for amount in reservation.kept { hasGrown(amount.node) }
    }

    /// Holds a reservation; of what an older one of the same entry or pool kept, tells what is free now.
    mutating func establish(_ reservation: Reservation, insteadOf old: Reservation?) {
        hold(reservation)
        reservations.append(reservation)
        if reservation.ground == .cleared {
            itemsDigest &+= Digest.of(reservation)
            if let slot = slots[reservation.owner] { waiting[Int(slot)].isClearing = true }
        }
        for amount in old?.kept ?? [] {
            let new = reservation.kept.first { $0.node == amount.node }
            if !(new?.covers(amount) ?? false) { hasGrown(amount.node) }
        }
    }

    /// What a node has free for one more reservation: the others are taken to hold already what they are going to hold.
    func claimed(_ node: Int, _ others: [Int: NodeAmount]) -> Cluster.Free {
        var free = rooms[node]
        if let amount = others[node] { free.add(amount, times: -1) }
        return free
    }

    /// By node, what the reservations are going to hold beyond what they keep, and when that is over if it is known.
    func claims() -> (amounts: [Int: NodeAmount], ends: [Int: [(end: Int64, amount: NodeAmount)]]) {
        var amounts: [Int: NodeAmount] = [:]
        var ends: [Int: [(end: Int64, amount: NodeAmount)]] = [:]
        for reservation in reservations {
            for need in reservation.needs {
                var rest = need
                if var kept = reservation.kept.first(where: { $0.node == need.node }) { rest.consume(&kept) }
                var sum = amounts[need.node] ?? NodeAmount(node: need.node)
                sum.cpu += rest.cpu
                sum.memory += rest.memory
                for item in rest.devices { sum.add(item.device, item.compute, item.memory) }
                amounts[need.node] = sum
                if let end = reservation.freedAt { ends[need.node, default: []].append((end, need)) }
            }
        }
        return (amounts, ends)
    }

    /// The place where it fits first by known ends; nil when they never make room.
    func timedReservation(of entry: QueueEntry, ask: Ask, at now: Int64) -> Reservation? {
        let (claims, ends) = claims()
        var steps: [(time: Int64, node: Int, count: Int)] = []
        var best = Int64.max
        for node in rooms.indices where ask.devices[kindOfNode[node]] != nil {
            let kind = kindOfNode[node]
            var free = claimed(node, claims)
            var capacity = ask.capacity(in: free, kind: kind)
            if capacity > 0 { steps.append((now, node, capacity)) }
            var time = now
            var later = ends[node] ?? []
            later.sort { $0.end < $1.end }
            var next = 0
            func release(_ end: Int64, _ amount: NodeAmount) -> Bool {
                free.add(amount)
                time = max(time, Self.expected(end, at: now))
                let grown = ask.capacity(in: free, kind: kind)
                guard grown > capacity else { return false }
                steps.append((time, node, grown - capacity))
                capacity = grown
                if ask.instances == 1 { best = min(best, time) }
                return capacity >= ask.instances
            }
            var isDone = capacity >= ask.instances
            for resident in residents[node] where !isDone {
                guard resident.end < .max, resident.end < best else { break }
                while next < later.count, later[next].end <= resident.end, !isDone {
                    isDone = release(later[next].end, later[next].amount)
                    next += 1
                }
                if !isDone { isDone = release(resident.end, resident.amount) }
            }
            while next < later.count, !isDone, later[next].end < best {
                isDone = release(later[next].end, later[next].amount)
                next += 1
            }
        }
        steps.sort { ($0.time, $0.node) < ($1.time, $1.node) }
        var missing = ask.instances
        var counts: [Int: Int] = [:]
        var start = now
        for step in steps where missing > 0 {
            let taken = min(missing, step.count)
            counts[step.node, default: 0] += taken
            missing -= taken
            start = step.time
        }
        guard missing == 0 else { return nil }
        var reservation = Reservation(owner: entry.id, pool: ask.pool, ground: .timed(start), needs: [])
        reservation.freedAt = entry.limit.map { start + Int64($0 + settings.overhead) * 1000 }
        for (node, count) in counts.sorted(by: { $0.key < $1.key }) {
            var later = claimed(node, claims)
            for resident in residents[node] where resident.end < .max && Self.expected(resident.end, at: now) <= start {
                later.add(resident.amount)
            }
            for claim in ends[node] ?? [] where Self.expected(claim.end, at: now) <= start { later.add(claim.amount) }
            add(ask, count: count, node: node, free: later, to: &reservation)
        }
        return reservation
    }

    /// Adds instances on a node to a reservation, with what has to be kept now for them.
    private func add(_ ask: Ask, count: Int, node: Int, free: Cluster.Free, to reservation: inout Reservation) {
        var (rest, need) = (free, NodeAmount(node: node))
        for _ in 0..<count {
            guard let devices = ask.devices(in: rest, kind: kindOfNode[node]) else { break }
            var one = NodeAmount(node: node)
            one.add(ask.demand, devices: devices)
            rest.add(one, times: -1)
            need.add(ask.demand, devices: devices)
        }
        reservation.needs.append(need)
        let kept = need.kept(of: rooms[node], whenLater: free)
        if !kept.isEmpty { reservation.kept.append(kept) }
    }

    /// The place where the least is missing once all that has a known end is gone; nil when earlier heads have all that would do.
    func openReservation(of entry: QueueEntry, ask: Ask) -> Reservation? {
        let (claims, _) = claims()
        let nodes = rooms.indices.filter { ask.devices[kindOfNode[$0]] != nil }
        var frees = nodes.map { node in
            var free = claimed(node, claims)
            for resident in residents[node] where resident.end < .max { free.add(resident.amount) }
            return free
        }
        let later = frees
        var wholes = nodes.map { node in
            var free = whole(node)
            for reservation in reservations { for need in reservation.needs where need.node == node { free.add(need, times: -1) } }
            return free
        }
        var needs: [Int: NodeAmount] = [:]
        for _ in 0..<ask.instances {
            var best: (missing: Int64, index: Int, devices: [Int])?
            for index in nodes.indices {
                let kind = kindOfNode[nodes[index]]
                guard ask.capacity(in: wholes[index], kind: kind) > 0,
                    let (missing, devices) = missing(of: ask, free: frees[index], whole: wholes[index], node: nodes[index])
                else { continue }
                if missing < best?.missing ?? .max { best = (missing, index, devices) }
            }
            guard let best else { return nil }
            var one = NodeAmount(node: nodes[best.index])
            one.add(ask.demand, devices: best.devices)
            frees[best.index].add(one, times: -1)
            wholes[best.index].add(one, times: -1)
            needs[best.index, default: NodeAmount(node: nodes[best.index])].add(ask.demand, devices: best.devices)
        }
        var reservation = Reservation(owner: entry.id, pool: ask.pool, ground: .open, needs: [])
        for (index, need) in needs.sorted(by: { $0.key < $1.key }) {
            reservation.needs.append(need)
            let kept = need.kept(of: rooms[nodes[index]], whenLater: later[index])
            if !kept.isEmpty { reservation.kept.append(kept) }
        }
        return reservation
    }

    /// How much of a demand a node lacks, as a sum of thousandths of what the node has, and the devices that lack the least.
    private func missing(of ask: Ask, free: Cluster.Free, whole: Cluster.Free, node: Int) -> (Int64, [Int])? {
        func part(_ lacking: Int64, of total: Int64) -> Int64 { lacking > 0 ? max(1, lacking * 1000 / max(1, total)) : 0 }
        let demand = ask.demand
        var sum = part(Int64(demand.cpu - free.cpu), of: Int64(cluster.nodes[node].cpu))
        sum += part((demand.memory - free.memory).count >> 10, of: cluster.nodes[node].memory.count >> 10)
        guard let wanted = demand.accelerator, let usable = ask.devices[kindOfNode[node]] else { return (sum, []) }
        let fitting = usable.filter { wanted.compute <= whole.compute[$0] && wanted.memory <= whole.deviceMemory[$0] }
        let lacking = fitting.map { device in
            let memory = (wanted.memory - free.deviceMemory[device]).count >> 10
            let total = cluster.nodes[node].accelerators[device].memory.count >> 10
            return (part(Int64(wanted.compute - free.compute[device]), of: 1000) + part(memory, of: total), device)
        }.sorted { $0 < $1 }.prefix(wanted.count)
        guard lacking.count == wanted.count else { return nil }
        return (lacking.reduce(sum) { $0 + $1.0 }, lacking.map(\.1).sorted())
    }

    /// What those who gave way have left by now is kept for the one they gave way to.
    mutating func growCleared() {
        guard reservations.contains(where: { $0.ground == .cleared }) else { return }
        // Without regard to which was there first: a scheduler made from a snapshot does not know.
        reservations.sort { $0.owner < $1.owner }
        let before = reservations
        for reservation in before where reservation.ground == .cleared { lift(reservation) }
        for index in reservations.indices where reservations[index].ground == .cleared {
            reservations[index].kept = []
            for need in reservations[index].needs {
                var later = rooms[need.node]
                for resident in residents[need.node] where reservations[index].victims.contains(resident.id) { later.add(resident.amount) }
                let amount = need.kept(of: rooms[need.node], whenLater: later)
                if !amount.isEmpty { reservations[index].kept.append(amount) }
            }
            hold(reservations[index])
            let kept = reservations[index].kept
            for amount in before[index].kept where !(kept.first { $0.node == amount.node }?.covers(amount) ?? false) {
                hasGrown(amount.node)
            }
        }
    }
}
