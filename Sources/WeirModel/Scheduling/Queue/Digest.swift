/// A hash that is the same on every machine and in every run: FNV-1a over bytes, mixed at the end.
struct Digest {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ value: Int64) { state = Self.mixed(state ^ UInt64(bitPattern: value)) &+ 0x9E37_79B9_7F4A_7C15 }

    mutating func add(_ value: Int) { add(Int64(value)) }

    mutating func add(_ value: Int64?) {
        add(value == nil ? 0 : 1)
        if let value { add(value) }
    }

    mutating func add(_ text: String) {
        for byte in text.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
        add(text.utf8.count)
    }

    var value: UInt64 { Self.mixed(state) }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension Digest {
    mutating func add(_ demand: Demand) {
        add(demand.cpu)
        add(demand.memory.count)
        add(demand.group)
        add(demand.accelerator == nil ? 0 : 1)
        guard let accelerator = demand.accelerator else { return }
        add(accelerator.kind)
        add(accelerator.models.count)
        for model in accelerator.models { add(model) }
        add(accelerator.count)
        add(accelerator.compute)
        add(accelerator.memory.count)
    }

    mutating func add(_ entry: QueueEntry) {
        for text in [entry.id.text, entry.workspace.text, entry.account.text, entry.name, entry.flavor] { add(text) }
        add(entry.run)
        add(entry.priority.turn)
        add(entry.demand)
        add(entry.instances)
        add(entry.queuedAt.milliseconds)
        add(entry.limit.map { Int64($0) })
        add(entry.isPreemptible ? 1 : 0)
        add(entry.kind.rawValue)
    }

    mutating func add(_ quota: Quota?) {
        guard let quota else { return add(0) }
        for dimension in QuotaDimension.allCases { add(quota[dimension]) }
    }

    static func of(_ text: String) -> UInt64 {
        var digest = Digest()
        digest.add(text)
        return digest.value
    }

    static func of(_ entry: QueueEntry) -> UInt64 {
        var digest = Digest()
        digest.add(1)
        digest.add(entry)
        return digest.value
    }

    static func of(_ run: Running) -> UInt64 {
        var digest = Digest()
        digest.add(2)
        digest.add(run.entry)
        for placement in run.placements {
            digest.add(placement.node)
            for device in placement.devices { digest.add(device) }
        }
        digest.add(run.startedAt.milliseconds)
        digest.add(run.runningAt?.milliseconds)
        digest.add(run.givesWayTo?.text ?? "")
        digest.add(run.next == nil ? 0 : 1)
        if let next = run.next { digest.add(next) }
        return digest.value
    }

    static func of(_ reservation: Reservation) -> UInt64 {
        var digest = Digest()
        digest.add(3)
        digest.add(reservation.owner.text)
        for need in reservation.needs {
            digest.add(need.node)
            digest.add(need.cpu)
            digest.add(need.memory)
            for item in need.devices {
                digest.add(item.device)
                digest.add(item.compute)
                digest.add(item.memory)
            }
        }
        return digest.value
    }
}

extension Scheduler {
    /// A stable hash of all that decisions depend on: equal states have equal digests, on any machine. Kept up to date by each change,
    /// so that it costs nothing to write it beside each decision.
    public var digest: UInt64 {
        var digest = Digest()
        digest.add(Int64(bitPattern: itemsDigest))
        for value in [settings.halfLife, settings.patience, settings.overhead, settings.horizon, settings.reservations] {
            digest.add(value)
        }
        digest.add(Int64(bitPattern: nodesDigest))
        digest.add(cluster.mix.total)
        return digest.value
    }

    mutating func remember(_ run: Running) { itemsDigest &+= Digest.of(run) }

    mutating func forget(_ run: Running) { itemsDigest &-= Digest.of(run) }

    /// Changes something, and the digest with it.
    mutating func change(_ body: (inout Scheduler) -> Void, of digest: (Scheduler) -> UInt64) {
        itemsDigest &-= digest(self)
        body(&self)
        itemsDigest &+= digest(self)
    }

    func digest(ofWorkspace index: Int) -> UInt64 {
        var digest = Digest()
        digest.add(4)
        digest.add(workspaces[index].id.text)
        add(workspaces[index].party, to: &digest)
        return digest.value
    }

    func digest(ofPerson index: Int) -> UInt64 {
        var digest = Digest()
        digest.add(5)
        digest.add(workspaces[people[index].workspace].id.text)
        digest.add(people[index].account.text)
        add(people[index].party, to: &digest)
        return digest.value
    }

    private func add(_ party: Party, to digest: inout Digest) {
        digest.add(party.usage.amount)
        digest.add(party.usage.settledAt)
        digest.add(party.weight)
        digest.add(party.quota)
    }

    static func digest(of nodes: [Node]) -> UInt64 {
        var digest = Digest()
        for node in nodes {
            digest.add(node.name)
            digest.add(node.group)
            digest.add(node.cpu)
            digest.add(node.memory.count)
            for accelerator in node.accelerators {
                digest.add(accelerator.device)
                digest.add(accelerator.kind)
                digest.add(accelerator.model)
                digest.add(accelerator.memory.count)
            }
        }
        return digest.value
    }
}
