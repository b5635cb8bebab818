import Foundation
import Logging
import WeirModel
import WeirStore

extension Dispatcher {
    /// Makes the policy's state anew: what is on the record, brought in step with the store.
    func recover() async throws {
        let nodes = try await zones.nodes()
        let facts = try await store.read { db in
            Facts(
                live: try db.liveWorkloads(), instances: try db.instancesPresent(), record: try db.schedulingSinceSnapshot(),
                finished: try db.finishedRuns(limit: Self.mostLengths))
        }
        (known, withheld, allowances, unwritten, recordIsBroken) = ([:], [:], [:], [], true)
        finished = facts.finished.map {
            RunLengths.Run(kind: $0.kind, flavor: $0.flavor, account: $0.account, seconds: $0.seconds)
        }
        lengths = nil
        scheduler = remembered(facts.record) ?? Scheduler(nodes: nodes, settings: settings)
        if scheduler.cluster.nodes != nodes { tell(.nodes(nodes)) }
        if scheduler.settings != settings { tell(.settings(settings)) }
        isStale = false

        let live = Dictionary(facts.live.map { ($0.id, $0) }) { first, _ in first }
        adopt(live)
        let instances = Dictionary(grouping: facts.instances, by: \.workload)
        for workload in facts.live {
            let own = (instances[workload.id] ?? []).filter { $0.run == workload.run }
            try await note(workload) { own }
        }
        try await learnAllowances()
    }

    private struct Facts: Sendable {
        var live: [WorkloadRecord]
        var instances: [InstanceRecord]
        var record: [SchedulingRecord]
        var finished: [FinishedRun]
    }

    /// The state at the end of the record; nil when there is none, or none that this version can read.
    private func remembered(_ record: [SchedulingRecord]) -> Scheduler? {
        do {
            var scheduler: Scheduler?
            for line in record {
                let data = Data(line.document.utf8)
                switch line.kind {
                case .snapshot: scheduler = Scheduler(try JSONDecoder().decode(SchedulerSnapshot.self, from: data))
                case .turn:
                    guard var current = scheduler else { return nil }
                    let turn = try JSONDecoder().decode(SchedulingTurn.self, from: data)
                    guard turn.replay(on: &current).difference == nil else {
                        logger.warning("the record of scheduling leads elsewhere; the fair share begins anew")
                        return nil
                    }
                    scheduler = current
                }
            }
            return scheduler
        } catch {
            logger.warning("the record of scheduling cannot be read; the fair share begins anew", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// Goes on with what the policy and the store agree on; what the store does not know any more is over.
    private func adopt(_ live: [Identifier<Workload>: WorkloadRecord]) {
        for entry in scheduler.waitingEntries {
            if let workload = live[entry.id], workload.state == .queued, workload.wanted == .running, workload.run == entry.run {
                known[entry.id] = Known(entry: entry, project: workload.project, phase: .queued, reason: workload.queueReason)
            } else if live[entry.id]?.state.holdsResources != true {
                tell(.left(entry.id))
            }
        }
        for entry in scheduler.heldEntries {
            if let workload = live[entry.id], workload.state.holdsResources, workload.run == entry.run {
                known[entry.id] = Known(
                    entry: entry, project: workload.project, phase: workload.runningSince == nil ? .started : .running,
                    runningSince: workload.runningSince)
                if let start = workload.runningSince { tell(.running(entry.id, at: start)) }
            } else {
                tell(.ended(entry.id, at: clock.now()))
            }
        }
    }
}
