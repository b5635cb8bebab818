import Logging
import WeirEngine
import WeirModel
import WeirStore

/// Hints get lost: an event while the engine's stream was broken, a container that a cut-off call made late. So what
/// is and what should be are compared as a whole from time to time.
extension Reconciler {
    static let sweepInterval = Duration.seconds(30)
    /// The setting that holds when everything was last looked at.
    static let seenSetting = "meter.seen"

    /// What a look at everything has shown.
    struct Sight: Sendable {
        let at: Timestamp
        /// Workloads with an instance that ran at that moment.
        let running: Set<Identifier<Workload>>
    }

    func sweepAgainAndAgain() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: Self.sweepInterval) } catch { return }
            do {
                if isReady { _ = try await look() }
            } catch {
                logger.error("a sweep failed and is made again later", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Compares the engine with the store, sends a pass to where they differ, and remembers the moment: the heartbeat by which an end
    /// that the engine cannot tell is dated after a restart (X03).
    func look() async throws -> Sight {
        // First the engine, then the store: whatever the engine shows was written down before it was launched.
        let now = clock.now()
        let observations = try await engine.observe()
        let (present, inTransit, lastSeen) = try await store.read { db in
            (try db.presentInstances(), try db.workloadsInTransit(), try db.moment(Self.seenSetting))
        }
        var phases = Dictionary(observations.map { ($0.instance, $0.phase) }) { first, _ in first }
        var differing: [PresentInstance] = []
        var running: Set<Identifier<Workload>> = []
        running.reserveCapacity(present.count)
        for instance in present {
            let runs = phases.removeValue(forKey: instance.id) == .running
            if (instance.endedAt == nil) != runs { differing.append(instance) } else if runs { running.insert(instance.workload) }
        }
        for stranger in phases.keys {
            logger.warning("removing a container that belongs to nothing", metadata: ["instance": "\(stranger)"])
            try await engine.remove(stranger)
        }
        let over = try await over(differing.filter { $0.endedAt == nil && $0.startedAt != nil })
        seen = seen ?? lastSeen
        // Dated before the moment of this look replaces that of the last, also if Weir is cut off before the pass.
        let lost = over.filter { $0.1?.canTellEnd != true }.map { ($0.0.id, end(started: $0.0.startedAt, seen: $0.1)) }
        try await store.write { db in
            for (instance, end) in lost { try db.setEnded(instance, at: end, failure: .lost) }
            try db.setMoment(Self.seenSetting, to: now)
        }
        seen = now
        for workload in Set(differing.map(\.workload)).union(inTransit).sorted() { signals.send(.workload(workload)) }
        signals.send(.room)
        return Sight(at: now, running: running)
    }

    /// Those that do not run. They are asked for one by one, since one may have started after the engine was asked for all.
    private func over(_ instances: [PresentInstance]) async throws -> [(PresentInstance, Observation?)] {
        try await withThrowingTaskGroup(of: (PresentInstance, Observation?).self) { group in
            var found: [(PresentInstance, Observation?)] = []
            func take(_ one: (PresentInstance, Observation?)) { if one.1?.phase != .running { found.append(one) } }
            for (index, instance) in instances.enumerated() {
                if index >= Self.mostAtOnce, let one = try await group.next() { take(one) }
                group.addTask { (instance, try await self.engine.observe(instance.id)) }
            }
            for try await one in group { take(one) }
            return found
        }
    }

    /// When an instance ended that does not run any more.
    func end(started: Timestamp?, seen observation: Observation?) -> Timestamp {
        let now = clock.now()
        let observed: Timestamp? =
            switch observation?.phase {
            case nil: nil
            // The engine has ended it and not cleaned up yet.
            case .created, .running: now
            case .succeeded, .failed: observation?.canTellEnd == true ? observation?.endedAt : nil
            }
        return ObservedTimes.instanceEnd(
            observed: observed, lastSeen: seen, start: observation?.startedAt ?? started, now: now)
    }
}

extension Observation {
    /// Whether the engine saw the end itself: of what was lost with the host it knows at best when it noticed.
    fileprivate var canTellEnd: Bool { phase != .failed(.lost) && endedAt != nil }
}
