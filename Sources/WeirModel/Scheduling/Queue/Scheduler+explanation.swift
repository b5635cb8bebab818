/// Why an entry waits, who holds what it needs, and what would help: each answer is tried on a copy of the queue.
extension Scheduler {
    private static let mostHolders = 10
    /// Of a longer queue, only so many of the first are forecast: what is behind them depends on too much.
    public static let mostForecast = 500
    private static let mostAdvice = 3
    private static let mostTries = 12

    /// Nil when it does not wait, or there was no decision since it came.
    /// - Parameters:
    ///   - viewer: whose workloads are named first; nil is the account that it belongs to.
    ///   - alternatives: flavors that the person could choose instead, the most wanted first.
    public func explanation(
        of id: Identifier<Workload>, at now: Timestamp, lengths: RunLengths, viewer: Identifier<Account>? = nil,
        alternatives: [WaitExplanation.Alternative] = []
    ) -> WaitExplanation? {
        guard let slot = slots[id].map(Int.init), let entry = entries[slot], let reason = waiting[slot].reason,
            let ask = asks[Int(waiting[slot].ask)]
        else { return nil }
        let place = place(of: id)
        var explanation = WaitExplanation(reason: reason, place: place, waiting: waitingCount)
        switch reason {
        case .quota: explanation.shortages = quotaShortages(of: slot, entry)
        case .resources: explanation.shortages = resourceShortages(entry, ask)
        // The policy knows nothing of money.
        case .balance, .budget: break
        }
        findHolders(of: entry, ask, viewer: viewer ?? entry.account, &explanation)
        if ask.canEverStart, let place, place <= Self.mostForecast {
            explanation.forecast = forecasts(at: now, lengths: lengths, most: place)[id]
        }
        explanation.advice = advice(for: entry, ask, at: now, explanation, viewer: viewer ?? entry.account, alternatives)
        explanation.sentences = explanation.described(at: now)
        return explanation
    }

    private func quotaShortages(of slot: Int, _ entry: QueueEntry) -> [WaitExplanation.Shortage] {
        let (workspace, person) = (workspaces[Int(waiting[slot].workspace)].party, people[Int(waiting[slot].person)].party)
        let need = entry.holdings
        func short(_ party: Party) -> [(QuotaDimension, Int64, Int64, Int64)] {
            (party.quota?.exceeded(by: party.held + need) ?? []).compactMap { dimension in
                guard let need = need[dimension], let held = party.held[dimension], let limit = party.quota?[dimension] else { return nil }
                return (dimension, need, held, limit)
            }
        }
        let all =
            short(workspace).map { WaitExplanation.Shortage.workspaceQuota($0.0, need: $0.1, held: $0.2, limit: $0.3) }
            + short(person).map { WaitExplanation.Shortage.personQuota($0.0, need: $0.1, held: $0.2, limit: $0.3) }
        guard all.isEmpty else { return all }
        let older = byAge.slots.first { other in
            waiting[Int(other)].workspace == waiting[slot].workspace && waiting[Int(other)].reason == .quota
                && Int(other) != slot && waiting[Int(other)].queuedAt <= waiting[slot].queuedAt
        }
        return [.quotaKept(older.flatMap { entries[Int($0)]?.id })]
    }

    /// What nobody holds of a node, whether it is kept for somebody or not.
    private func unheld(_ node: Int) -> Cluster.Free {
        var free = rooms[node]
        for reservation in reservations { for amount in reservation.kept where amount.node == node { free.add(amount) } }
        return free
    }

    private func resourceShortages(_ entry: QueueEntry, _ ask: Ask) -> [WaitExplanation.Shortage] {
        guard ask.canEverStart else { return [.never] }
        if let clearing = reservations.first(where: { $0.owner == entry.id && $0.ground == .cleared }) {
            return [.comingFree(clearing.victims.count)]
        }
        var sum = Holdings.none
        var largest = Holdings.none
        var places = 0
        for node in rooms.indices {
            guard let usable = ask.devices[kindOfNode[node]] else { continue }
            let free = unheld(node)
            places += ask.capacity(in: free, kind: kindOfNode[node])
            let compute = usable.map { free.compute[$0] }
            let memory = usable.map { free.deviceMemory[$0].count }
            sum += Holdings(
                cpu: max(0, free.cpu), memory: Bytes(max(0, free.memory.count)), gpu: compute.reduce(0, +),
                gpuMemory: Bytes(memory.reduce(0, +)))
            let count = ask.demand.accelerator?.count ?? 1
            largest = Holdings(
                cpu: max(largest.cpu, free.cpu), memory: max(largest.memory, free.memory),
                gpu: max(largest.gpu, compute.sorted(by: >).prefix(count).reduce(0, +)),
                gpuMemory: max(largest.gpuMemory, Bytes(memory.sorted(by: >).prefix(count).reduce(0, +))))
        }
        if places >= ask.instances {
            let ahead = reservations.first { $0.owner != entry.id && !$0.kept.isEmpty }?.owner
            let own = ahead.flatMap { slots[$0] }.flatMap { entries[Int($0)] }.map { $0.workspace == entry.workspace } ?? false
            return [.kept(aheadOwn: own ? ahead : nil)]
        }
        let dimensions: [QuotaDimension] = ask.demand.accelerator == nil ? [.cpu, .memory] : [.gpu, .gpuMemory, .cpu, .memory]
        func short(_ need: Holdings, _ have: Holdings) -> [(QuotaDimension, Int64, Int64)] {
            dimensions.compactMap { dimension in
                guard let need = need[dimension], let have = have[dimension], have < need else { return nil }
                return (dimension, need, have)
            }
        }
        let missing = short(ask.holdings, sum)
        if !missing.isEmpty { return missing.map { .resource($0.0, need: $0.1, free: $0.2) } }
        let one = Holdings(ask.demand)
        let scattered = short(one, largest)
        if !scattered.isEmpty { return scattered.map { .scattered($0.0, need: $0.1, largest: $0.2) } }
        let main = dimensions[0]
        return [.scattered(main, need: ask.holdings[main] ?? 0, largest: sum[main] ?? 0)]
    }

    /// Who holds what is short: of its quota, or of the nodes that would do.
    private func findHolders(of entry: QueueEntry, _ ask: Ask, viewer: Identifier<Account>, _ explanation: inout WaitExplanation) {
        var inQuestion: [Running] = []
        var others = 0
        let dimensions = Set(explanation.shortages.compactMap(\.dimension))
        let isPersonal = explanation.reason == .quota && explanation.shortages.allSatisfy(\.isPersonal)
        for run in running.values {
            if explanation.reason == .quota {
                guard run.entry.workspace == entry.workspace, !isPersonal || run.entry.account == entry.account else { continue }
            } else {
                let isThere = run.placements.contains { $0.node >= 0 && ask.devices[kindOfNode[$0.node]] != nil }
                guard isThere else { continue }
            }
            let held = run.entry.holdings
            guard dimensions.isEmpty || dimensions.contains(where: { (held[$0] ?? 0) > 0 }) else { continue }
            if run.entry.workspace == entry.workspace { inQuestion.append(run) } else { others += 1 }
        }
        let main = explanation.shortages.first?.dimension ?? .instances
        inQuestion.sort { a, b in
            if (a.entry.account == viewer) != (b.entry.account == viewer) { return a.entry.account == viewer }
            let (mine, theirs) = (a.entry.holdings[main] ?? 0, b.entry.holdings[main] ?? 0)
            return mine != theirs ? mine > theirs : a.entry.id < b.entry.id
        }
        explanation.holders = inQuestion.prefix(Self.mostHolders).map {
            WaitExplanation.Holder(
                id: $0.entry.id, name: $0.entry.name, isViewers: $0.entry.account == viewer, holdings: $0.entry.holdings)
        }
        explanation.otherHolders = others
    }

    private func advice(
        for entry: QueueEntry, _ ask: Ask, at now: Timestamp, _ explanation: WaitExplanation, viewer: Identifier<Account>,
        _ alternatives: [WaitExplanation.Alternative]
    ) -> [WaitExplanation.Advice] {
        func starts(_ change: (inout Scheduler) -> Void) -> Bool {
            var other = self
            change(&other)
            return other.decide(at: now).contains { decision in
                if case .start(entry.id, _) = decision { return true }
                return false
            }
        }
        var advice = raises(for: entry, explanation).filter { raise in starts { $0.raise(raise.quota, raise.account, entry) } }
            .flatMap(\.advice)
        for alternative in alternatives.prefix(Self.mostTries) where advice.count(where: \.isFlavor) < Self.mostAdvice {
            var other = entry
            (other.demand, other.flavor) = (alternative.demand, alternative.flavor)
            if alternative.demand != entry.demand, starts({ $0.apply(.arrived(other), at: now) }) {
                advice.append(.flavor(alternative.flavor))
            }
        }
        for holder in explanation.holders where holder.isViewers && advice.count(where: \.isStop) < Self.mostAdvice {
            if starts({ $0.apply(.ended(holder.id, at: now), at: now) }) { advice.append(.stop(holder.id, name: holder.name)) }
        }
        if explanation.reason == .resources, let seconds = shorterRun(of: entry, at: now, starts) { advice.append(.shorterRun(seconds)) }
        return advice
    }

    /// The longest run that would pass before what is reserved.
    private func shorterRun(of entry: QueueEntry, at now: Timestamp, _ starts: ((inout Scheduler) -> Void) -> Bool) -> Int? {
        let moments = reservations.compactMap { reservation -> Int64? in
            guard reservation.owner != entry.id, case .timed(let start) = reservation.ground else { return nil }
            return start
        }
        for moment in Set(moments).sorted(by: >).prefix(Self.mostAdvice) {
            let seconds = Int((moment - now.milliseconds) / 1000) - settings.overhead
            guard seconds >= 60, entry.limit.map({ seconds < $0 }) ?? true else { continue }
            var other = entry
            other.limit = seconds
            if starts({ $0.apply(.arrived(other), at: now) }) { return seconds }
        }
        return nil
    }

    private struct Raise {
        var quota: Quota
        /// Nil is the workspace's.
        var account: Identifier<Account>?
        var advice: [WaitExplanation.Advice]
    }

    /// The quotas as they would have to be; both together when both are short.
    private func raises(for entry: QueueEntry, _ explanation: WaitExplanation) -> [Raise] {
        var limits: [QuotaDimension: Int64] = [:]
        var personal: [QuotaDimension: Int64] = [:]
        for shortage in explanation.shortages {
            switch shortage {
            case .workspaceQuota(let dimension, let need, let held, _): limits[dimension] = held + need
            case .personQuota(let dimension, let need, let held, _): personal[dimension] = held + need
            default: continue
            }
        }
        // Raising one of two would not help; then there is nothing to try by itself.
        guard limits.isEmpty != personal.isEmpty, let workspace = workspaceIndex[entry.workspace] else { return [] }
        if !limits.isEmpty {
            guard var quota = workspaces[workspace].party.quota else { return [] }
            for (dimension, limit) in limits { quota.set(dimension, to: limit) }
            let advice = QuotaDimension.allCases.compactMap { dimension in
                limits[dimension].map { WaitExplanation.Advice.raiseWorkspaceQuota(dimension, to: $0) }
            }
            return [Raise(quota: quota, account: nil, advice: advice)]
        }
        guard let person = personIndex[PersonKey(workspace: workspace, account: entry.account)], var quota = people[person].party.quota
        else { return [] }
        for (dimension, limit) in personal { quota.set(dimension, to: limit) }
        let advice = QuotaDimension.allCases.compactMap { dimension in
            personal[dimension].map { WaitExplanation.Advice.raisePersonQuota(dimension, to: $0) }
        }
        return [Raise(quota: quota, account: entry.account, advice: advice)]
    }

    private mutating func raise(_ quota: Quota, _ account: Identifier<Account>?, _ entry: QueueEntry) {
        let now = Timestamp(milliseconds: 0)
        if let account {
            apply(.personQuota(entry.workspace, account, quota), at: now)
        } else {
            apply(.quota(entry.workspace, quota), at: now)
        }
    }
}

extension Quota {
    fileprivate mutating func set(_ dimension: QuotaDimension, to limit: Int64) {
        switch dimension {
        case .cpu: cpu = Int(limit)
        case .memory: memory = Bytes(limit)
        case .gpu: gpu = Int(limit)
        case .gpuMemory: gpuMemory = Bytes(limit)
        case .instances: instances = Int(limit)
        case .storage: storage = Bytes(limit)
        }
    }
}

extension WaitExplanation.Shortage {
    var dimension: QuotaDimension? {
        switch self {
        case .workspaceQuota(let dimension, _, _, _), .personQuota(let dimension, _, _, _), .resource(let dimension, _, _),
            .scattered(let dimension, _, _):
            dimension
        case .quotaKept, .kept, .never, .comingFree: nil
        }
    }

    var isPersonal: Bool {
        if case .personQuota = self { return true }
        return false
    }
}

extension WaitExplanation.Advice {
    var isFlavor: Bool {
        if case .flavor = self { return true }
        return false
    }

    var isStop: Bool {
        if case .stop = self { return true }
        return false
    }
}
