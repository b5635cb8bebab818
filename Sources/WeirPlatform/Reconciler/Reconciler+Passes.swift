import Logging
import WeirEngine
import WeirModel
import WeirStore

/// What is done with a workload, by its state.
extension Reconciler {
    static let stopGrace = Duration.seconds(10)
    /// What gives way to others has longer, to write down how far it has come.
    static let preemptionGrace = Duration.seconds(30)

    /// One pass. Returns after how long to look again.
    func reconcile(_ id: Identifier<Workload>) async throws -> Duration? {
        guard let workload = try await store.read({ try $0.workload(id) }) else {
            if await dispatcher.forget(id) { signals.send(.room) }
            forgetRoutes(of: id)
            if let workspace = try await store.read({ try $0.workspace(ofWorkload: id) }) {
                try await files.removeLogs(of: id, in: workspace)
            }
            return nil
        }
        if !workload.state.isFinal { try await clearEarlierRuns(of: workload) }
        try await tellQueue(workload)
        switch workload.state {
        case .queued:
            guard let admitted = await admit(in: id) else { return nil }
            return try await look(after: admitted)
        case .deploying, .running: return try await look(after: workload)
        case .stopping:
            try await end(workload, .freed, cause: Cause("freed"))
            return nil
        case .stopped, .completed, .failed:
            try await clear(workload)
            return nil
        }
    }

    private func look(after workload: WorkloadRecord) async throws -> Duration? {
        do { return try await lookAfterInstances(of: workload) } catch is NoLongerWanted {
            signals.send(.workload(workload.id))
            return nil
        }
    }

    private func lookAfterInstances(of workload: WorkloadRecord) async throws -> Duration? {
        if let limit = try await passedLimit(of: workload) { return limit }
        let instances = try await store.read { try $0.instances(of: workload.id, run: workload.run) }
        let standings = try await withThrowingTaskGroup(of: Standing?.self) { group in
            for instance in latest(instances) { group.addTask { try await self.standing(of: instance, workload) } }
            var standings: [Standing] = []
            for try await standing in group { if let standing { standings.append(standing) } }
            return standings.sorted { $0.instance.position < $1.instance.position }
        }
        return switch workload.kind {
        case .service: try await lookAfter(service: workload, standings)
        case .environment, .job, .board: try await lookAfter(single: workload, standings)
        }
    }

    /// The newest attempt at each position.
    private func latest(_ instances: [InstanceRecord]) -> [InstanceRecord] {
        Dictionary(grouping: instances, by: \.position).values.compactMap { $0.max { $0.attempt < $1.attempt } }
    }

    /// Ends what has run for its time: a job fails by it, the others are stopped (DEV-24).
    private func passedLimit(of workload: WorkloadRecord) async throws -> Duration?? {
        guard let stopAt = workload.stopAt, stopAt <= clock.now() else { return nil }
        if workload.kind == .job {
            try await end(workload, .broke(.timeLimit(seconds: workload.spec.runLimit ?? 0)), cause: Cause("time_limit"))
        } else {
            try await apply(.stopWanted, to: workload, cause: Cause("auto_stop"))
            signals.send(.workload(workload.id))
        }
        return .some(nil)
    }

    // MARK: Environments, jobs and boards have one instance

    private func lookAfter(single workload: WorkloadRecord, _ standings: [Standing]) async throws -> Duration? {
        guard let standing = standings.first else {
            try await end(workload, .broke(.lost), cause: Cause("lost"))
            return nil
        }
        switch standing.phase {
        case .up(let address):
            let addresses = [address].compactMap { $0 }
            if workload.state == .running {
                // Weir ended, or the engine did not answer, between the state and the route.
                if !routed.contains(workload.id) { try await route(workload, addresses, port: nil) }
                return untilLimit(of: workload)
            }
            if workload.kind != .job, try await !isHealthy(standing.instance, address, workload) {
                return try await unhealthyYet(standing.instance, workload)
            }
            try await becomeReady(workload, addresses)
            return untilLimit(of: workload)
        case .ended(nil) where workload.kind == .job:
            try await end(workload, .succeeded, cause: Cause("exited"))
        case .ended(nil) where workload.state == .running:
            // Its own menu was used to shut it down: that is a stop, not a failure.
            try await apply(.stopWanted, to: workload, cause: Cause("program_ended"))
            signals.send(.workload(workload.id))
        case .ended(let failure):
            try await end(workload, .broke(failure ?? .exit(code: 0)), cause: Cause("exited"))
        }
        return nil
    }

    /// Waits a little longer, or gives up when the time to start is over (INF-10).
    func unhealthyYet(_ instance: InstanceRecord, _ workload: WorkloadRecord) async throws -> Duration? {
        let waited = clock.now() - (instance.startedAt ?? clock.now())
        guard waited > startLimit(of: workload) else {
            try await chargeUnready(workload)
            return waited < .seconds(3) ? .milliseconds(40) : .milliseconds(250)
        }
        let detail = "no answer for \(waited.components.seconds) s after the start"
        try await end(workload, .broke(.unhealthy(detail: detail)), cause: Cause("unhealthy"))
        return nil
    }

    /// Nobody computes for nothing by never answering: when the grace is over, the run counts as running, not ready (BIL-26).
    private func chargeUnready(_ workload: WorkloadRecord) async throws {
        guard workload.state == .deploying, workload.runningSince == nil else { return }
        let now = clock.now()
        let isDue = try await store.read { db in
            let starts = try db.instances(of: workload.id, run: workload.run).compactMap(\.startedAt)
            let grace = try db.startGrace(of: workload, at: now)
            return starts.count >= workload.spec.replicas && starts.allSatisfy { $0 + grace < now }
        }
        guard isDue else { return }
        let charged = try await store.write { try $0.chargeUnready(workload.id, run: workload.run, at: now) }
        guard let charged else { return }
        try await tellQueue(charged)
        signals.changed(in: workload.workspace)
    }

    func startLimit(of workload: WorkloadRecord) -> Duration {
        if case .service(let service) = workload.spec.detail { .seconds(service.startLimit) } else { .seconds(180) }
    }

    private func untilLimit(of workload: WorkloadRecord) -> Duration? {
        workload.stopAt.map { max($0 - clock.now(), .zero) + .milliseconds(5) }
    }

    func becomeReady(_ workload: WorkloadRecord, _ addresses: [String]) async throws {
        let applied = try await apply(
            .ready, to: workload, cause: Cause("ready"),
            then: { db, changed in
                // One that was charged before it was ready has its timer, and somebody may have changed it since.
                guard changed.stopAt == nil, let limit = changed.spec.runLimit, let start = changed.runningSince else { return }
                try db.setStopTime(start + .seconds(limit), of: changed.id)
            })
        guard applied else { return }
        if workload.spec.runLimit != nil { signals.send(.workload(workload.id)) }
        let port = try await store.read { try $0.port(of: workload.id) }
        try await route(workload, addresses, port: port)
    }

    // MARK: The end

    /// Ends every instance, then writes the event: what is charged ends when the resources are free (X03).
    func end(_ workload: WorkloadRecord, _ event: WorkloadEvent, cause: Cause) async throws {
        unroute(workload, because: event)
        let present = try await store.read { try $0.instancesPresent(of: workload.id) }
        let grace = workload.gaveWay ? Self.preemptionGrace : Self.stopGrace
        let ends = try await withThrowingTaskGroup(of: (InstanceRecord, Observation?).self) { group in
            for instance in present {
                group.addTask {
                    try await self.engine.stop(instance.id, grace: grace)
                    return (instance, try await self.engine.observe(instance.id))
                }
            }
            var ends: [(InstanceRecord, Observation?)] = []
            for try await end in group { ends.append(end) }
            return ends
        }
        let now = clock.now()
        let times = ends.filter { $0.0.endedAt == nil }.map { ($0.0.id, $0.1, end(started: $0.0.startedAt, seen: $0.1)) }
        try await apply(
            event, to: workload, cause: cause,
            then: { [workloads] db, ended in
                if ended.startsAgain { try workloads.startAgain(ended, at: now, db) }
                // A person may have wanted its end meanwhile.
                guard ended.state == .stopped, ended.wanted == .running else { return }
                try db.apply(.requeued, to: ended, cause: Cause("requeued"), at: now)
            },
            first: { db in
                for (instance, observation, end) in times {
                    // Weir may have been cut off between the launch and its record.
                    if let start = observation?.startedAt { try db.setStarted(instance, at: start, address: nil) }
                    try db.setEnded(instance, at: end, failure: observation?.failure)
                }
                if workload.kind == .service, !workload.gaveWay { try db.closePort(of: workload.id) }
            })
        if let ended = try await store.read({ try $0.workload(workload.id) }) { try await tellQueue(ended) }
        try await remove(present)
        signals.send(.workload(workload.id))
    }

    /// Removes what an ended workload left behind, and the record when it is to be deleted.
    private func clear(_ workload: WorkloadRecord) async throws {
        // A person may start it again at any moment: what belongs to a later run is none of this pass's business.
        let present = try await store.read { try $0.instancesPresent(of: workload.id) }.filter { $0.run <= workload.run }
        if !present.isEmpty { try await remove(present) }
        unroute(workload, because: .freed)
        guard workload.wanted == .deleted else { return }
        let now = clock.now()
        try await store.write { try $0.markDeleted(workload.id, at: now) }
        forgetRoutes(of: workload.id)
        try await files.removeLogs(of: workload.id, in: workload.workspace)
        signals.changed(in: workload.workspace)
    }

    /// Started again before the last run's containers were gone: nobody else looks after those any more.
    private func clearEarlierRuns(of workload: WorkloadRecord) async throws {
        guard workload.run > 1 else { return }
        let left = try await store.read { try $0.instancesPresent(of: workload.id) }.filter { $0.run < workload.run }
        if !left.isEmpty { try await remove(left) }
    }

    func remove(_ instances: [InstanceRecord]) async throws {
        for instance in instances {
            try await engine.remove(instance.id)
            healthy.remove(instance.id)
            fresh.remove(instance.id)
            firstSight[instance.id] = nil
        }
        let now = clock.now()
        try await store.write { db in
            for instance in instances { try db.setRemoved(instance.id, at: now) }
        }
    }

    /// Applies an event by the transition table, together with what is to be written before and after. Returns false when a person
    /// was quicker and the event fits no more; the next pass sees the new state.
    @discardableResult
    func apply(
        _ event: WorkloadEvent, to workload: WorkloadRecord, cause: Cause,
        then after: @escaping @Sendable (Writing, WorkloadRecord) throws -> Void = { _, _ in },
        first before: @escaping @Sendable (Writing) throws -> Void = { _ in }
    ) async throws -> Bool {
        let now = clock.now()
        let applied = try await store.write { db -> Bool in
            guard let current = try db.read.workload(workload.id), current.run == workload.run,
                (try? current.state.after(event, kind: current.kind)) != nil
            else { return false }
            try before(db)
            try after(db, db.apply(event, to: current, cause: cause, at: now))
            return true
        }
        signals.changed(in: workload.workspace)
        return applied
    }
}

extension WorkloadRecord {
    /// It is being stopped for another workload, and is to go on later.
    var gaveWay: Bool { state == .stopping && wanted == .running }
}

extension Observation {
    var failure: FailureReason? {
        if case .failed(let reason) = phase { reason } else { nil }
    }
}
