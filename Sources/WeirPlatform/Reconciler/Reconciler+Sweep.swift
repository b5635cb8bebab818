import Logging
import WeirEngine
import WeirModel
import WeirStore

/// Hints get lost: an event while the engine's stream was broken, a container that a cut-off call made late. So what
/// is and what should be are compared as a whole from time to time.
extension Reconciler {
    static let sweepInterval = Duration.seconds(30)

    func sweepAgainAndAgain() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: Self.sweepInterval) } catch { return }
            do {
                try await sweep()
            } catch {
                logger.error("a sweep failed and is made again later", metadata: ["error": "\(error)"])
            }
        }
    }

    private func sweep() async throws {
        guard isReady else { return }
        // First the engine, then the store: whatever the engine shows was written down before it was launched.
        let observations = try await engine.observe()
        let (present, inTransit) = try await store.read { (try $0.instancesPresent(), try $0.workloadsInTransit()) }
        let phases = Dictionary(observations.map { ($0.instance, $0.phase) }) { first, _ in first }
        let known = Set(present.map(\.id))
        for observation in observations where !known.contains(observation.instance) {
            logger.warning("removing a container that belongs to nothing", metadata: ["instance": "\(observation.instance)"])
            try await engine.remove(observation.instance)
        }
        var differing = Set(inTransit)
        for instance in present where (instance.endedAt == nil) != (phases[instance.id] == .running) {
            differing.insert(instance.workload)
        }
        for workload in differing.sorted() { signals.send(.workload(workload)) }
        signals.send(.room)
    }
}
