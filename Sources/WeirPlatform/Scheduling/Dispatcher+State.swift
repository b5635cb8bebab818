import Logging
import WeirModel
import WeirStore

/// How what is in the store comes to the policy.
extension Dispatcher {
    /// Tells the policy how a workload stands. Says nothing new the second time, and an older state than the known one says nothing.
    /// - Parameter instances: of its run; asked for of one that has resources and is not known yet.
    /// - Returns: whether something is free now that was not.
    @discardableResult
    func note(_ workload: WorkloadRecord, instances: @Sendable () async throws -> [InstanceRecord]) async throws -> Bool {
        guard !isStale else { return false }
        var madeRoom = false
        if let one = withheld[workload.id], one.run > workload.run { return false }
        if workload.state != .queued || workload.wanted != .running || withheld[workload.id]?.run != workload.run {
            withheld[workload.id] = nil
        }
        if let before = known[workload.id] {
            guard before.entry.run <= workload.run else { return false }
            // Started again: the last run is over.
            if before.entry.run < workload.run { madeRoom = forget(workload.id) }
        }
        switch workload.state {
        case .queued:
            guard workload.wanted == .running else { return forget(workload.id) || madeRoom }
            if known[workload.id] == nil { try await arrive(workload) }
            changePriority(of: workload)
        case .deploying, .running, .stopping:
            if known[workload.id].map({ $0.phase == .queued }) ?? true {
                let placements = placements(of: try await instances())
                let entry = QueueEntry(workload)
                guard known[workload.id].map({ $0.phase == .queued }) ?? true else { break }
                try await learnAllowances(of: entry)
                tell(.started(entry, placements, at: workload.stateSince))
                known[workload.id] = Known(entry: entry, project: workload.project, phase: .started)
            }
            if let start = workload.runningSince, known[workload.id]?.phase == .started {
                tell(.running(workload.id, at: start))
                known[workload.id]?.phase = .running
                known[workload.id]?.runningSince = start
            }
        case .stopped, .completed, .failed:
            if let start = workload.runningSince, let end = workload.endedAt, known[workload.id] != nil {
                learn(
                    RunLengths.Run(
                        kind: workload.kind, flavor: workload.spec.flavor.name, account: workload.startedBy,
                        seconds: (end - start).milliseconds / 1000))
            }
            madeRoom = forget(workload.id) || madeRoom
        }
        return madeRoom
    }

    /// It waits no more, or what it held is free: both may let others start.
    @discardableResult
    func forget(_ id: Identifier<Workload>) -> Bool {
        withheld[id] = nil
        guard let before = known.removeValue(forKey: id) else { return false }
        let workspace = before.entry.workspace
        // Its first hour was set aside.
        if before.phase != .queued, withheld.values.contains(where: { $0.starting.workspace == workspace }) {
            signals.send(.money(workspace))
        }
        tell(before.phase == .queued ? .left(id) : .ended(id, at: clock.now()))
        return true
    }

    /// Reads again what an operator or owner may have changed.
    func learnRules() async throws {
        try await learnAllowances()
        let nodes = try await zones.nodes()
        if scheduler.cluster.nodes != nodes { tell(.nodes(nodes)) }
    }

    private func arrive(_ workload: WorkloadRecord) async throws {
        guard withheld[workload.id] == nil else { return }
        if let one = try await store.read({ [limits] in try limits.withheld(workload, $0) }) {
            return try await withhold([one])
        }
        let entry = QueueEntry(workload)
        try await learnAllowances(of: entry)
        guard known[workload.id] == nil else { return }
        tell(.arrived(entry))
        known[workload.id] = Known(entry: entry, project: workload.project, phase: .queued, reason: workload.queueReason)
    }

    /// One that waits is wanted sooner or later than before (QUO-07): it comes anew in its old place of its new class.
    private func changePriority(of workload: WorkloadRecord) {
        let entry = QueueEntry(workload)
        guard let before = known[workload.id], before.phase == .queued, before.entry.priority != entry.priority else { return }
        tell(.arrived(entry))
        known[workload.id]?.entry = entry
    }

    private func learn(_ run: RunLengths.Run) {
        finished.insert(run, at: 0)
        if finished.count > Self.mostLengths { finished.removeLast(finished.count - Self.mostLengths) }
        lengths = nil
    }

    /// Where its instances stand. There is one node on one machine; a device that is gone holds nothing any more.
    private func placements(of instances: [InstanceRecord]) -> [Placement] {
        let newest = Dictionary(grouping: instances, by: \.position).values.compactMap { $0.max { $0.attempt < $1.attempt } }
        guard let node = scheduler.cluster.nodes.first else { return [] }
        return newest.sorted { $0.position < $1.position }.map { instance in
            Placement(node: 0, devices: instance.devices.compactMap { name in node.accelerators.firstIndex { $0.device == name } })
        }
    }
}

extension QueueEntry {
    init(_ workload: WorkloadRecord) {
        self.init(
            id: workload.id, run: workload.run, workspace: workload.workspace, account: workload.startedBy,
            priority: workload.spec.priority ?? .normal, demand: workload.spec.flavor.demand, instances: workload.spec.replicas,
            queuedAt: workload.stateSince,
            limit: workload.spec.runLimit, isPreemptible: workload.spec.flavor.isPreemptible, name: workload.name,
            flavor: workload.spec.flavor.name, kind: workload.kind)
    }
}
