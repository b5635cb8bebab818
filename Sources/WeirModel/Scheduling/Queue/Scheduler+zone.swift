/// The nodes, and what is given out of them.
extension Scheduler {
    /// Takes the nodes of the cluster in; nothing is held then.
    mutating func readNodes() {
        nodesDigest = Self.digest(of: cluster.nodes)
        nodeKinds = []
        var known: [NodeKind: Int] = [:]
        kindOfNode = cluster.nodes.map { node in
            let kind = NodeKind(node)
            if let index = known[kind] { return index }
            known[kind] = nodeKinds.count
            nodeKinds.append(kind)
            return nodeKinds.count - 1
        }
        rooms = cluster.nodes.indices.map { cluster.free(on: $0) }
        glances = rooms.map { Glance($0) }
        residents = Array(repeating: [], count: cluster.nodes.count)
        preemptible = Array(repeating: 0, count: cluster.nodes.count)
        ending = preemptible
        grownBase += grown.count
        grown = []
    }

    /// The nodes change: what runs stays on nodes and devices of the same name, or nowhere.
    mutating func replaceNodes(_ nodes: [Node], at now: Timestamp) {
        settleAll(at: now)
        let old = cluster.nodes
        let positions = Dictionary(nodes.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        let experience = cluster.experience
        cluster = Cluster(nodes: nodes)
        totals = ZoneTotals(nodes)
        for reservation in reservations where reservation.ground == .cleared { drop(reservationOf: reservation.owner) }
        reservations = []
        readNodes()
        for id in running.keys.sorted() {
            guard var run = running[id] else { continue }
            forget(run)
            run.placements = run.placements.map { placement in
                guard placement.node >= 0, placement.node < old.count, let node = positions[old[placement.node].name] else {
                    return Placement(node: -1)
                }
                let names = placement.devices.map { old[placement.node].accelerators[$0].device }
                let devices = names.compactMap { name in nodes[node].accelerators.firstIndex { $0.device == name } }
                return devices.count == names.count ? Placement(node: node, devices: devices) : Placement(node: -1)
            }
            remember(run)
            running[id] = run
            holdPlaces(of: run)
            settleIn(run)
        }
        cluster.experience = experience
        for index in asks.indices {
            guard let ask = asks[index] else { continue }
            let described = describe(ask.demand, ask.instances, pool: ask.pool, users: ask.users)
            asks[index] = described
            askRooms[index] = AskRoom(described)
        }
        for index in workspaces.indices { workspaces[index].party.rate = totals.dominantShare(of: workspaces[index].party.held) }
        for index in people.indices { people[index].party.rate = totals.dominantShare(of: people[index].party.held) }
    }

    /// Gives the places of a run out in the cluster.
    mutating func holdPlaces(of run: Running) {
        for placement in run.placements where placement.node >= 0 { cluster.hold(run.entry.demand, at: placement) }
    }

    /// Enters a run, whose places are held, on its nodes.
    mutating func settleIn(_ run: Running) {
        let end = run.givesWayTo == nil ? run.end(overhead: settings.overhead) ?? .max : run.startedAt.milliseconds
        for placement in run.placements where placement.node >= 0 {
            var amount = NodeAmount(node: placement.node)
            amount.add(run.entry.demand, devices: placement.devices)
            let resident = Resident(
                id: run.entry.id, end: end, startedAt: run.startedAt.milliseconds, isPreemptible: run.entry.isPreemptible,
                isEnding: run.givesWayTo != nil, amount: amount)
            let list = residents[placement.node]
            count(resident, by: 1)
            residents[placement.node].insert(resident, at: list.firstIndex { resident < $0 } ?? list.count)
        }
        refresh(run.placements)
    }

    mutating func moveOut(_ run: Running) {
        for placement in run.placements where placement.node >= 0 {
            for resident in residents[placement.node] where resident.id == run.entry.id { count(resident, by: -1) }
            residents[placement.node].removeAll { $0.id == run.entry.id }
        }
    }

    private mutating func count(_ resident: Resident, by sign: Int) {
        if resident.isEnding {
            ending[resident.amount.node] += sign
        } else if resident.isPreemptible {
            preemptible[resident.amount.node] += sign
        }
    }

    mutating func refresh(_ placements: [Placement]) {
        for placement in placements where placement.node >= 0 { refresh(placement.node) }
    }

    private mutating func refresh(_ node: Int) {
        rooms[node] = cluster.free(on: node)
        glances[node] = Glance(rooms[node])
    }

    /// Keeps an amount of a node from being given out, or (`times` −1) no longer.
    mutating func keep(_ amount: NodeAmount, times sign: Int = 1) {
        guard !amount.isEmpty else { return }
        change(Demand(cpu: amount.cpu, memory: Bytes(amount.memory)), at: Placement(node: amount.node), by: sign)
        for item in amount.devices {
            let accelerator = cluster.nodes[amount.node].accelerators[item.device]
            let share = AcceleratorDemand(kind: accelerator.kind, compute: item.compute, memory: Bytes(item.memory))
            change(
                Demand(cpu: 0, memory: 0, accelerator: share, group: cluster.nodes[amount.node].group),
                at: Placement(node: amount.node, devices: [item.device]), by: sign)
        }
        refresh(amount.node)
    }

    private mutating func change(_ demand: Demand, at placement: Placement, by sign: Int) {
        if sign > 0 { cluster.keep(demand, at: placement) } else { cluster.release(demand, at: placement) }
    }

    /// Something came free there: what had no room has to be asked again.
    mutating func hasGrown(_ node: Int) {
        grown.append(Int32(node))
        if grown.count > max(4096, 4 * rooms.count) {
            let old = grown.count / 2
            grown.removeFirst(old)
            grownBase += old
        }
    }

    func describe(_ demand: Demand, _ instances: Int, pool: Int, users: Int) -> Ask {
        let devices = nodeKinds.map { $0.devices(for: demand) }
        let holdings = Holdings(demand, instances: instances)
        var ask = Ask(
            demand: demand, instances: instances, holdings: holdings, pool: pool, devices: devices,
            share: totals.dominantShare(of: holdings), canEverStart: false, users: users)
        var places = 0
        for node in rooms.indices where places < instances && devices[kindOfNode[node]] != nil {
            places += ask.capacity(in: whole(node), kind: kindOfNode[node])
        }
        ask.canEverStart = places >= instances
        return ask
    }

    /// What an empty node has.
    func whole(_ index: Int) -> Cluster.Free {
        let node = cluster.nodes[index]
        return Cluster.Free(
            cpu: node.cpu, memory: node.memory, compute: node.accelerators.map { _ in 1000 },
            deviceMemory: node.accelerators.map(\.memory))
    }
}
