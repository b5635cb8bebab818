/// Finding room for an entry, without asking twice for what is known to have none.
extension Scheduler {
    /// Holds a place for the entry, and says where; nil when there is none that it may have.
    mutating func room(for slot: Int, ask index: Int, end: Int64, cleared: Reservation?, _ pass: inout Pass) -> [Placement]? {
        if let cleared {
            // What others left for it is for it to take.
            lift(cleared)
            let placements = placeAll(index)
            if placements == nil { hold(cleared) } else { giveUp(cleared) }
            return placements
        }
        if askRooms[index].pass == passes, askRooms[index].noRoomFrom <= end { return nil }
        guard askRooms[index].canEverStart else { return nil }
        if mayFit(index, pass), let placements = placeAll(index) { return placements }
        if let placements = roomBeforeReservations(index, end: end, &pass) { return placements }
        if askRooms[index].pass != passes {
            askRooms[index].pass = passes
            askRooms[index].noRoomFrom = end
        } else {
            askRooms[index].noRoomFrom = min(askRooms[index].noRoomFrom, end)
        }
        if pass.viewsAreFresh ? pass.viewStarts.isEmpty : !reservations.contains(where: { $0.lets(pass: .min) }) {
            askRooms[index].noRoomFrom = .min
        }
        return nil
    }

    private mutating func giveUp(_ reservation: Reservation) {
        reservations.removeAll { $0.owner == reservation.owner }
        itemsDigest &-= Digest.of(reservation)
        for amount in reservation.kept { hasGrown(amount.node) }
    }

    /// Whether it is worth while to look for a place: something has grown enough since there was none.
    mutating func mayFit(_ index: Int, _ pass: Pass) -> Bool {
        let instances = askRooms[index].instances
        var most = askRooms[index].most
        if askRooms[index].checkedTo < grownBase {
            most = .max / 2
        } else if most < instances {
            for position in (askRooms[index].checkedTo - grownBase)..<grown.count {
                most += capacity(index, on: Int(grown[position]))
                if most >= instances { break }
            }
        }
        if most < instances {
            askRooms[index].checkedTo = grownBase + grown.count
            askRooms[index].most = most
            for reservation in pass.lifted { for amount in reservation.kept { most += capacity(index, on: amount.node) } }
        }
        return most >= instances
    }

    private func capacity(_ index: Int, on node: Int) -> Int {
        guard glances[node].mayHold(askRooms[index].least) else { return 0 }
        return asks[index]?.capacity(in: rooms[node], kind: kindOfNode[node]) ?? 0
    }

    /// Holds places for all instances, or for none; notes then how many have room.
    private mutating func placeAll(_ index: Int) -> [Placement]? {
        guard let ask = asks[index] else { return nil }
        askRooms[index].checkedTo = grownBase + grown.count
        askRooms[index].most = .max / 2
        // A gang that does not fit is counted, not tried: the cluster learns from what it places.
        if ask.instances > 1 {
            let most = cluster.capacity(for: ask.demand, atMost: ask.instances)
            guard most == ask.instances else {
                askRooms[index].most = most
                return nil
            }
        }
        guard let placements = cluster.place(ask.demand, count: ask.instances) else {
            askRooms[index].most = 0
            return nil
        }
        refresh(placements)
        return placements
    }

    /// A run that is over before reservations begin may use what they keep.
    private mutating func roomBeforeReservations(_ index: Int, end: Int64, _ pass: inout Pass) -> [Placement]? {
        guard end < .max, !reservations.isEmpty else { return nil }
        refreshViews(&pass)
        let count = pass.viewStarts.count { $0 >= end }
        guard count > 0 else { return nil }
        var places = askRooms[index].most
        let least = askRooms[index].least
        for position in pass.views[count - 1].indices where pass.views[count - 1][position].glance.mayHold(least) {
            let node = pass.views[count - 1][position].node
            places += asks[index]?.capacity(in: pass.views[count - 1][position].free, kind: kindOfNode[node]) ?? 0
            if places >= askRooms[index].instances { break }
        }
        guard places >= askRooms[index].instances, let ask = asks[index] else { return nil }
        let passed = reservations.indices.filter { reservations[$0].lets(pass: end) }
        for position in passed { lift(reservations[position]) }
        let placements = placeAll(index)
        // What it takes of the kept is back before it is needed.
        var taken: [NodeAmount] = []
        for placement in placements ?? [] {
            if let known = taken.firstIndex(where: { $0.node == placement.node }) {
                taken[known].add(ask.demand, devices: placement.devices)
            } else {
                taken.append(NodeAmount(node: placement.node))
                taken[taken.count - 1].add(ask.demand, devices: placement.devices)
            }
        }
        for position in passed {
            for item in reservations[position].kept.indices {
                guard let own = taken.firstIndex(where: { $0.node == reservations[position].kept[item].node }) else { continue }
                reservations[position].kept[item].consume(&taken[own])
            }
            hold(reservations[position])
        }
        return placements
    }

    /// For each number of timed reservations that are passed over, latest first: what is free then on the nodes concerned.
    func refreshViews(_ pass: inout Pass) {
        guard !pass.viewsAreFresh else { return }
        pass.viewsAreFresh = true
        pass.views = []
        pass.viewStarts = []
        var timed: [(start: Int64, kept: [NodeAmount])] = []
        for reservation in reservations {
            if case .timed(let start) = reservation.ground { timed.append((start, reservation.kept)) }
        }
        timed.sort { $0.start > $1.start }
        var view: [(node: Int, free: Cluster.Free)] = []
        for (start, kept) in timed {
            for amount in kept {
                if let known = view.firstIndex(where: { $0.node == amount.node }) {
                    view[known].free.add(amount)
                } else {
                    view.append((amount.node, rooms[amount.node]))
                    view[view.count - 1].free.add(amount)
                }
            }
            pass.viewStarts.append(start)
            pass.views.append(view.map { Pass.Seen(node: $0.node, free: $0.free, glance: Glance($0.free)) })
        }
    }
}
