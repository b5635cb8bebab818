import WeirModel
import WeirStore

/// A workload that waits and cannot be paid for has no turn: it would keep others from theirs (BIL-18).
extension Dispatcher {
    /// Looks again at what waits after a balance or a budget has changed: what can be paid for has its turn again, what cannot has none.
    /// - Parameter workspace: nil for all.
    /// - Returns: workspaces in which something that people see has changed.
    func learnMoney(of workspace: Identifier<Workspace>?) async throws -> Set<Identifier<Workspace>> {
        guard !isStale else { return [] }
        let waiting = known.values.filter { $0.phase == .queued && (workspace == nil || $0.entry.workspace == workspace) }
        let held = withheld.values.filter { workspace == nil || $0.starting.workspace == workspace }
        guard !waiting.isEmpty || !held.isEmpty else { return [] }
        let (paid, unpaid) = try await store.read { [limits] db in
            var gate = MoneyGate(limits: limits)
            let paid = try held.filter { try gate.reason(against: $0.starting, db) == nil }
            var unpaid: [Withheld] = []
            for one in waiting {
                // Only asks whether all is used up; the rest is asked when its turn comes.
                let starting = Limits.Starting(
                    kind: one.entry.kind, workspace: one.entry.workspace, project: one.project, account: one.entry.account, firstHour: 0)
                guard let reason = try gate.reason(against: starting, db), let workload = try db.workload(one.entry.id),
                    workload.run == one.entry.run
                else { continue }
                unpaid.append(
                    Withheld(try Limits.Starting(waiting: workload, db), run: one.entry.run, reason: reason, id: one.entry.id))
            }
            return (paid, unpaid)
        }
        for one in paid where withheld[one.id]?.run == one.run {
            withheld[one.id] = nil
            signals.send(.workload(one.id))
        }
        let now = unpaid.filter { known[$0.id]?.phase == .queued && known[$0.id]?.entry.run == $0.run }
        for one in now { forget(one.id) }
        try await withhold(now)
        return Set(now.map(\.starting.workspace))
    }

    func withhold(_ waiting: [Withheld]) async throws {
        guard !waiting.isEmpty else { return }
        for one in waiting { withheld[one.id] = one }
        try await store.write { db in
            for one in waiting { try db.setQueueReason(one.reason, of: one.id) }
        }
        for workspace in Set(waiting.map(\.starting.workspace)) { signals.changed(in: workspace) }
    }
}

extension Limits {
    /// Nil when it has its turn: neither balance nor a budget is used up.
    func withheld(_ workload: WorkloadRecord, _ db: Reading) throws -> Withheld? {
        var gate = MoneyGate(limits: self)
        guard let reason = try gate.reason(against: Starting(workload, firstHour: 0), db) else { return nil }
        return Withheld(try Starting(waiting: workload, db), run: workload.run, reason: reason, id: workload.id)
    }
}

extension MoneyGate {
    /// The reason for which the start waits; nil when it is paid for.
    fileprivate mutating func reason(against starting: Limits.Starting, _ db: Reading) throws -> QueueReason? {
        do {
            try require(starting, db)
            return nil
        } catch let error as WeirError {
            // Running work may cost more than any balance could hold.
            return error.waitsFor ?? .balance
        }
    }
}
