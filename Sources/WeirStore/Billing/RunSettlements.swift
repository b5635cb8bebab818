import GRDB
public import WeirModel

/// A run with something left to charge, and who pays for it.
public struct UnsettledRun: Hashable, Sendable {
    public let run: MeteredRun
    public let settled: Settled
    public let workspace: Identifier<Workspace>
    public let project: Identifier<Project>
    /// Who made the workload.
    public let account: Identifier<Account>
    public let kind: WorkloadKind
    public let name: String
    /// When a timer ends the run; nil when nothing ends it by itself.
    public let stopAt: Timestamp?

    public init(
        run: MeteredRun, settled: Settled, workspace: Identifier<Workspace>, project: Identifier<Project>,
        account: Identifier<Account>, kind: WorkloadKind, name: String, stopAt: Timestamp?
    ) {
        self.run = run
        self.settled = settled
        self.workspace = workspace
        self.project = project
        self.account = account
        self.kind = kind
        self.name = name
        self.stopAt = stopAt
    }
}

/// The charges that are due for one run, entered together or not at all. To be made outside of the transaction: it holds all that
/// can be worked out before.
public struct RunSettlement: Sendable {
    public let due: UnsettledRun
    public let plan: SettlementPlan
    let postings: [PreparedPosting]

    public init(_ due: UnsettledRun, _ plan: SettlementPlan) throws {
        self.due = due
        self.plan = plan
        postings = try plan.charges.map { PreparedPosting(try Posting(run: $0, of: due)) }
    }

    /// Plans what is due. `now` is a moment at which the run is known to have been running, unless it has ended.
    public init(_ due: UnsettledRun, now: Timestamp, calendar: BillingCalendar) throws {
        try self.init(due, due.run.settlement(after: due.settled, now: now, calendar: calendar))
    }

    /// Nothing to charge, and nothing to note.
    public var isEmpty: Bool { postings.isEmpty && !plan.isFinal }
}

/// What became of a batch of settlements.
public struct SettledBatch: Sendable {
    /// The others were settled by somebody else meanwhile, or their start or end became known otherwise: they come again.
    public let applied: Set<RunIdentity>
    public let balances: [Identifier<Workspace>: BalanceChange]
}

extension Writing {
    public static let mostSettlements = 500

    /// Enters the charges of each run that still stands where its plan began, and moves the run on (BIL-05). Balances and
    /// spendings are written once for all of them. Give it at most `mostSettlements` at once, for the writer waits meanwhile.
    public func settle(_ settlements: [RunSettlement], at now: Timestamp) throws -> SettledBatch {
        var ledger = try LedgerWriter(db, at: now)
        let moveOn = try db.cachedStatement(
            sql: """
                UPDATE run SET settled_minutes = ?, corrections = ?, settled_at = ? WHERE workload = ? AND number = ?
                AND settled_minutes = ? AND corrections = ? AND running_at = ? AND ended_at IS ? AND price IS NOT NULL
                """)
        let taken = try keysTaken(among: settlements)
        var applied: Set<RunIdentity> = []
        for settlement in settlements {
            let (run, plan) = (settlement.due.run, settlement.plan)
            // A key that is taken although the run stands before it is a damage for `verify` to name, not to be made worse.
            guard taken.isEmpty || !settlement.postings.contains(where: { taken.contains($0.posting.key) }) else { continue }
            try moveOn.execute(arguments: [
                plan.settled.minutes, plan.settled.corrections, plan.isFinal ? now.milliseconds : nil, run.run.workload.text,
                run.run.number, settlement.due.settled.minutes, settlement.due.settled.corrections, run.start.milliseconds,
                run.end?.milliseconds,
            ])
            guard db.changesCount == 1 else { continue }
            for posting in settlement.postings { _ = try ledger.append(posting) }
            applied.insert(run.run)
        }
        return SettledBatch(applied: applied, balances: try ledger.finish())
    }

    /// Looked up for all of them in one statement.
    private func keysTaken(among settlements: [RunSettlement]) throws -> Set<String> {
        let keys = try quickJSON(settlements.flatMap { $0.postings.map(\.posting.key) })
        return try String.fetchSet(
            db.cachedStatement(sql: "SELECT key FROM ledger_entry WHERE key IN (SELECT value FROM json_each(?))"), arguments: [keys])
    }
}
