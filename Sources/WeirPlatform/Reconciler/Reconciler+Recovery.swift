import Logging
import WeirEngine
import WeirModel
import WeirStore

extension Reconciler {
    /// Reads what the store and the engine have after a start: adopts what runs, removes what belongs to nothing, and
    /// gives the workloads to look after.
    func recover() async -> [Identifier<Workload>] {
        var delay = Duration.milliseconds(250)
        while !Task.isCancelled {
            do {
                let live = try await readBoth()
                isReady = true
                return live
            } catch {
                logger.error(
                    "the engine or the store did not answer at the start; trying again",
                    metadata: ["error": "\(error)", "delay": "\(delay)"])
                do { try await clock.sleep(for: delay) } catch { return [] }
                delay = min(delay * 2, .seconds(10))
            }
        }
        return []
    }

    private func readBoth() async throws -> [Identifier<Workload>] {
        let (live, present, ports, lastSeen) = try await store.read { db in
            (try db.liveWorkloads(), try db.instancesPresent(), try db.ports(), try db.moment(Self.seenSetting))
        }
        try await dispatcher.recover()
        seen = seen ?? lastSeen
        let observations = try await engine.observe()
        firstSight = Dictionary(observations.map { ($0.instance, $0) }) { first, _ in first }
        let portByWorkload = Dictionary(ports.map { ($0.workload, $0) }) { first, _ in first }
        let instancesByWorkload = Dictionary(grouping: present, by: \.workload)
        for workload in live where workload.state.holdsResources {
            let instances = (instancesByWorkload[workload.id] ?? []).filter { $0.run == workload.run }
            for instance in instances {
                if workload.state == .running, firstSight[instance.id]?.phase == .running { healthy.insert(instance.id) }
            }
            if workload.state == .running {
                let up = instances.filter { firstSight[$0.id]?.phase == .running }
                let addresses = up.compactMap { firstSight[$0.id]?.address }
                do {
                    try await route(workload, addresses, port: portByWorkload[workload.id])
                } catch {
                    // Its own pass tries again; the others do not wait for that.
                    logger.error("no route yet", metadata: ["workload": "\(workload.id)", "error": "\(error)"])
                }
            }
        }
        let known = Set(present.map(\.id))
        for observation in observations where !known.contains(observation.instance) {
            logger.warning("removing a container that belongs to nothing", metadata: ["instance": "\(observation.instance)"])
            try await engine.remove(observation.instance)
        }
        return live.map(\.id)
    }
}
