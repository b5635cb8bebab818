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
        /// At this moment every run ran that the store says does, but those of `unseen`.
        let at: Timestamp
        /// Workloads with an instance that has started, is not known to have ended, and does not run.
        let unseen: Set<Identifier<Workload>>
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
            (try db.instancesPresent(), try db.workloadsInTransit(), try db.moment(Self.seenSetting))
        }
        let phases = Dictionary(observations.map { ($0.instance, $0.phase) }) { first, _ in first }
        let known = Set(present.map(\.id))
        for observation in observations where !known.contains(observation.instance) {
            logger.warning("removing a container that belongs to nothing", metadata: ["instance": "\(observation.instance)"])
            try await engine.remove(observation.instance)
        }
        var differing = Set(inTransit)
        var unseen: Set<Identifier<Workload>> = []
        for instance in present where (instance.endedAt == nil) != (phases[instance.id] == .running) {
            differing.insert(instance.workload)
            if instance.endedAt == nil, instance.startedAt != nil { unseen.insert(instance.workload) }
        }
        seen = seen ?? lastSeen
        for workload in unseen where seenBefore[workload] == nil { seenBefore[workload] = seen }
        seenBefore = seenBefore.filter { unseen.contains($0.key) }
        seen = now
        try await store.write { try $0.setMoment(Self.seenSetting, to: now) }
        for workload in differing.sorted() { signals.send(.workload(workload)) }
        signals.send(.room)
        return Sight(at: now, unseen: unseen)
    }

    /// When an instance ended that does not run any more.
    func end(of instance: InstanceRecord, seen observation: Observation?) -> Timestamp {
        let now = clock.now()
        let observed: Timestamp? =
            switch observation?.phase {
            case nil, .failed(.lost): nil
            // The engine has ended it and not cleaned up yet.
            case .created, .running: now
            case .succeeded, .failed: observation?.endedAt
            }
        return ObservedTimes.instanceEnd(
            observed: observed, lastSeen: seenBefore[instance.workload] ?? seen,
            start: observation?.startedAt ?? instance.startedAt, now: now)
    }
}
