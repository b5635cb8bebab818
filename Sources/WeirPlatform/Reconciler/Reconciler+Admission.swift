import Logging
import WeirEngine
import WeirModel
import WeirStore

extension Reconciler {
    /// Lets in what the queue's policy lets in, and begins with it (QUO-05, X22).
    /// - Parameter own: the workload of the pass that asks. It is given back when it was let in, for that pass to begin with at once.
    @discardableResult
    func admit(in own: Identifier<Workload>? = nil) async -> WorkloadRecord? {
        var begun: WorkloadRecord?
        do {
            let outcome = try await dispatcher.decide()
            for (workload, instances) in outcome.admitted {
                // They are in the store before the engine hears of them, so that none can be forgotten.
                for instance in instances { fresh.insert(instance.id) }
                if workload.id == own { begun = workload } else { signals.send(.workload(workload.id)) }
            }
            for workload in outcome.preempted { signals.send(.workload(workload)) }
            for workspace in outcome.changed { signals.changed(in: workspace) }
        } catch {
            logger.error("letting in failed and is tried at the next change", metadata: ["error": "\(error)"])
        }
        return begun
    }

    /// Quotas, weights or what the zone has are others now.
    func admitUnderNewRules() async {
        do {
            try await dispatcher.learnRules()
        } catch {
            logger.error("new rules of the queue could not be read", metadata: ["error": "\(error)"])
        }
        await admit()
    }

    /// A balance or a budget is another one now.
    func admitUnderNewMoney(of workspace: Identifier<Workspace>?) async {
        do {
            let changed = try await dispatcher.learnMoney(of: workspace)
            for workspace in changed { signals.changed(in: workspace) }
        } catch {
            logger.error("balances and budgets could not be read", metadata: ["error": "\(error)"])
        }
        await admit()
    }

    /// Tells the queue how a workload stands. When it made room, what waits is looked at.
    func tellQueue(_ workload: WorkloadRecord) async throws {
        let madeRoom = try await dispatcher.note(workload) { [store] in
            try await store.read { try $0.instances(of: workload.id, run: workload.run) }
        }
        if madeRoom { signals.send(.room) }
    }

    func newInstance(of workload: WorkloadRecord, position: Int, attempt: Int, devices: [String]) -> InstanceRecord {
        let now = clock.now()
        return InstanceRecord(
            id: identifiers.next(Instance.self, at: now), workload: workload.id, run: workload.run, position: position,
            attempt: attempt, devices: devices, createdAt: now)
    }
}
