import WeirEngine
import WeirModel
import WeirStore

extension Reconciler {
    /// Where one instance stands, after it was launched if it had not been.
    struct Standing: Sendable {
        var instance: InstanceRecord
        var phase: Phase

        enum Phase: Sendable {
            case up(address: String?)
            /// Ended by itself; nil is success.
            case ended(FailureReason?)
        }
    }

    /// Launches the instance if nobody has, and writes down what the engine sees of it.
    func standing(of instance: InstanceRecord, _ workload: WorkloadRecord) async throws -> Standing {
        if instance.endedAt != nil {
            return Standing(instance: instance, phase: .ended(instance.failure))
        }
        do {
            let observation = try await observation(of: instance, workload)
            return try await note(observation, of: instance)
        } catch let failure as LaunchFailure {
            let now = clock.now()
            try await store.write { try $0.setEnded(instance.id, at: now, failure: failure.reason) }
            return Standing(instance: instance, phase: .ended(failure.reason))
        } catch let error where StorageFault.isFull(error) {
            // A person can make room; until then trying again would only hide why nothing runs.
            let now = clock.now()
            try await store.write { try $0.setEnded(instance.id, at: now, failure: .storageFull) }
            return Standing(instance: instance, phase: .ended(.storageFull))
        } catch let error as WeirError where error.category != .unavailable {
            // A folder that cannot be mounted, say: a person can mend it, trying again cannot.
            let reason = FailureReason.startRefused(detail: error.message.en)
            let now = clock.now()
            try await store.write { try $0.setEnded(instance.id, at: now, failure: reason) }
            return Standing(instance: instance, phase: .ended(reason))
        }
    }

    private func observation(of instance: InstanceRecord, _ workload: WorkloadRecord) async throws -> Observation? {
        if fresh.contains(instance.id) { return try await launch(instance, workload) }
        let seen: Observation? =
            if let first = firstSight.removeValue(forKey: instance.id) { first } else {
                try await engine.observe(instance.id)
            }
        if let seen, seen.phase != .created { return seen }
        // An instance that never started was cut off between the store and the engine; one that did is lost.
        return instance.startedAt == nil ? try await launch(instance, workload) : nil
    }

    private func launch(_ instance: InstanceRecord, _ workload: WorkloadRecord) async throws -> Observation {
        if !networks.contains(workload.workspace) {
            try await engine.prepareNetwork(for: workload.workspace)
            networks.insert(workload.workspace)
        }
        let plan = try await plan(instance, workload)
        // A person may have stopped it since this pass began: nothing is begun that nobody wants.
        guard let now = try await store.read({ try $0.workload(workload.id) }), now.run == workload.run,
            now.state == .deploying || now.state == .running
        else { throw NoLongerWanted() }
        let observation = try await engine.launch(plan)
        fresh.remove(instance.id)
        return observation
    }

    private func note(_ observation: Observation?, of instance: InstanceRecord) async throws -> Standing {
        var instance = instance
        let id = instance.id
        let now = clock.now()
        guard let observation else {
            let end = end(started: instance.startedAt, seen: nil)
            try await store.write { try $0.setEnded(id, at: end, failure: .lost) }
            return Standing(instance: instance, phase: .ended(.lost))
        }
        if instance.startedAt == nil {
            let start = observation.startedAt ?? now
            instance.startedAt = start
            instance.address = observation.address
            try await store.write { try $0.setStarted(id, at: start, address: observation.address) }
        }
        switch observation.phase {
        case .created, .running: return Standing(instance: instance, phase: .up(address: observation.address))
        case .succeeded, .failed:
            let end = end(started: instance.startedAt, seen: observation)
            try await store.write { db in
                if observation.memoryKills > 0 { _ = try db.setMemoryKills(observation.memoryKills, of: id, at: end) }
                try db.setEnded(id, at: end, failure: observation.failure)
            }
            instance.endedAt = end
            return Standing(instance: instance, phase: .ended(observation.failure))
        }
    }

    // MARK: Replicas of a service

    /// Starts replicas again that ended, and sends traffic to those that are healthy.
    func lookAfter(service workload: WorkloadRecord, _ standings: [Standing]) async throws -> Duration? {
        var next: Duration?
        func again(after delay: Duration) { next = min(next ?? delay, delay) }
        var addresses: [String] = []
        for standing in standings {
            switch standing.phase {
            case .up(let address):
                if try await isHealthy(standing.instance, address, workload) {
                    if let address { addresses.append(address) }
                } else if workload.state == .deploying {
                    guard let delay = try await unhealthyYet(standing.instance, workload) else { return nil }
                    again(after: delay)
                } else {
                    again(after: try await restartIfTooSlow(standing.instance, workload))
                }
            case .ended(let failure):
                if workload.state == .deploying {
                    try await end(workload, .broke(failure ?? .exit(code: 0)), cause: Cause("exited"))
                    return nil
                }
                guard let delay = try await restart(standing.instance, failure, workload) else { return nil }
                again(after: delay)
            }
        }
        if workload.state == .deploying {
            if addresses.count == workload.spec.replicas { try await becomeReady(workload, addresses) }
        } else {
            let port = try await store.read { try $0.port(of: workload.id) }
            try await route(workload, addresses, port: port)
        }
        if let stopAt = workload.stopAt { again(after: max(stopAt - clock.now(), .zero) + .milliseconds(5)) }
        return next
    }

    private func restartIfTooSlow(_ instance: InstanceRecord, _ workload: WorkloadRecord) async throws -> Duration {
        let waited = clock.now() - (instance.startedAt ?? clock.now())
        guard waited > startLimit(of: workload) else { return .milliseconds(250) }
        try await engine.stop(instance.id, grace: Self.stopGrace)
        let end = end(started: instance.startedAt, seen: try await engine.observe(instance.id))
        try await store.write {
            try $0.setEnded(instance.id, at: end, failure: .unhealthy(detail: "no answer in time after a restart"))
        }
        return .zero
    }

    /// Returns after how long to look again; nil when the service has been given up.
    private func restart(
        _ instance: InstanceRecord, _ failure: FailureReason?, _ workload: WorkloadRecord
    ) async throws -> Duration? {
        let failures = try await failuresInARow(upTo: instance)
        guard let delay = RestartPolicy.delay(afterFailure: failures) else {
            try await end(workload, .broke(failure ?? .exit(code: 0)), cause: Cause("restarted_too_often"))
            return nil
        }
        let due = (instance.endedAt ?? clock.now()) + delay
        guard due <= clock.now() else { return due - clock.now() + .milliseconds(1) }
        if instance.removedAt == nil { try await remove([instance]) }
        let next = newInstance(
            of: workload, position: instance.position, attempt: instance.attempt + 1, devices: instance.devices)
        try await store.write { try $0.insert(next) }
        fresh.insert(next.id)
        return .zero
    }

    private func failuresInARow(upTo instance: InstanceRecord) async throws -> Int {
        let instances = try await store.read { try $0.instances(of: instance.workload, run: instance.run) }
        let attempts = instances.filter { $0.position == instance.position }.sorted { $0.attempt > $1.attempt }
        return attempts.prefix { attempt in
            guard let start = attempt.startedAt, let end = attempt.endedAt else { return true }
            return end - start < RestartPolicy.wellAfter
        }.count
    }
}

/// The work that a pass was about to begin was stopped meanwhile; the next pass ends it.
struct NoLongerWanted: Error {}
