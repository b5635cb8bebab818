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
    /// By how much the clock was set since it began to run.
    public let clockSteps: Duration

    public init(
        run: MeteredRun, settled: Settled, workspace: Identifier<Workspace>, project: Identifier<Project>,
        account: Identifier<Account>, kind: WorkloadKind, name: String, stopAt: Timestamp?, clockSteps: Duration = .zero
    ) {
        self.run = run
        self.settled = settled
        self.workspace = workspace
        self.project = project
        self.account = account
        self.kind = kind
        self.name = name
        self.stopAt = stopAt
        self.clockSteps = clockSteps
    }

    /// Until when the run counts by `now`, while it goes on: to its limit at the most.
    public func counted(at now: Timestamp) -> Timestamp { min(now, stopAt ?? now) }
}

/// The charges that are due for one run, entered together or not at all. To be made outside of the transaction: it holds all that
/// can be worked out before.
public struct RunSettlement: Sendable {
    public let due: UnsettledRun
    public let plan: SettlementPlan
    let postings: [PreparedPosting]

    public init(_ due: UnsettledRun, _ plan: SettlementPlan) throws { try self.init(due, plan, billed: nil) }

    /// - Parameter billed: the month of the last minute that is settled: its line is there.
    private init(_ due: UnsettledRun, _ plan: SettlementPlan, billed: BillMonth?) throws {
        self.due = due
        self.plan = plan
        var month = billed
        postings = try plan.charges.map { charge in
            defer { month = charge.month }
            return PreparedPosting(try Posting(run: charge, of: due), mayBeginLine: charge.month != month)
        }
    }

    /// Plans what is due. `now` is a moment at which the run is known to have been running, unless it has ended. Nothing is due beyond
    /// its limit.
    public init(_ due: UnsettledRun, now: Timestamp, calendar: BillingCalendar) throws {
        let last = due.run.start + .milliseconds(max(0, due.settled.minutes - 1) * 60_000)
        try self.init(
            due, due.run.settlement(after: due.settled, now: due.counted(at: now - due.clockSteps), calendar: calendar),
            billed: due.settled.minutes > 0 ? calendar.month(of: last) : nil)
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
        try db.cachedStatement(sql: "SAVEPOINT settle").execute()
        do {
            let batch = try settle(settlements, keysTaken: [], at: now)
            try db.cachedStatement(sql: "RELEASE settle").execute()
            return batch
        } catch {
            try db.cachedStatement(sql: "ROLLBACK TO settle").execute()
            try db.cachedStatement(sql: "RELEASE settle").execute()
            guard let taken = error as? DatabaseError, taken.isTaken("ledger_entry.key") else { throw error }
            // A key that is taken although its run stands before it is a damage for `verify` to name, not to be made worse: all but
            // such runs are entered.
            return try settle(settlements, keysTaken: keysTaken(among: settlements), at: now)
        }
    }

    private func settle(_ settlements: [RunSettlement], keysTaken: Set<String>, at now: Timestamp) throws -> SettledBatch {
        var ledger = try LedgerWriter(db, at: now)
        let (moveOn, finish) = (try RunAdvance(db, isFinal: false), try RunAdvance(db, isFinal: true))
        var applied: Set<RunIdentity> = []
        applied.reserveCapacity(settlements.count)
        for settlement in settlements {
            guard keysTaken.isEmpty || !settlement.postings.contains(where: { keysTaken.contains($0.posting.key) }) else { continue }
            guard try (settlement.plan.isFinal ? finish : moveOn).apply(settlement, at: now) else { continue }
            for posting in settlement.postings { try ledger.append(posting) }
            if settlement.plan.charges.contains(where: { $0.amount < 0 }) { try takeBackRefunded(settlement, &ledger) }
            applied.insert(settlement.due.run.run)
        }
        return SettledBatch(applied: applied, balances: try ledger.finish())
    }

    /// Minutes that are given back may have been refunded before: what came back twice is taken back, on the bill on which it came back,
    /// by an entry of its own, so that nobody is given more than what a run was charged.
    private func takeBackRefunded(_ settlement: RunSettlement, _ ledger: inout LedgerWriter) throws {
        let due = settlement.due
        let run = due.run.run
        for charge in settlement.plan.charges where charge.amount < 0 {
            guard case .run(let basis) = charge.basis else { continue }
            let tooMuch = try min(read.givenBack(of: run), read.givenBack(of: run, in: charge.month))
            guard tooMuch > 0 else { continue }
            try ledger.append(
                PreparedPosting(
                    Posting(
                        workspace: due.workspace, kind: .correction, counter: .revenue, amount: Points(micro: -tooMuch.micro),
                        key: "run/\(run)/refunded/\(basis.after.corrections)", month: charge.month, project: due.project,
                        account: due.account, run: run, reference: "run/\(run)",
                        note: "given back twice: by a refund, and because the run ended earlier than was known")))
        }
    }

    /// Looked up for all of them in one statement.
    private func keysTaken(among settlements: [RunSettlement]) throws -> Set<String> {
        let keys = try quickJSON(settlements.flatMap { $0.postings.map(\.posting.key) })
        return try String.fetchSet(
            db.cachedStatement(sql: "SELECT key FROM ledger_entry WHERE key IN (SELECT value FROM json_each(?))"), arguments: [keys])
    }
}

/// Moves a run on if it stands where its settlement begins. What goes on running leaves alone by which the run is found: its
/// indexes stay as they are.
private struct RunAdvance {
    private let db: Database
    private let statement: DirectStatement
    private let isFinal: Bool

    init(_ db: Database, isFinal: Bool) throws {
        self.db = db
        self.isFinal = isFinal
        statement = try DirectStatement(
            db,
            sql: """
                UPDATE run SET settled_minutes = ?1, corrections = ?2\(isFinal ? ", settled_at = ?9" : "")
                WHERE workload = ?3 AND number = ?4 AND settled_minutes = ?5 AND corrections = ?6 AND running_at = ?7
                AND ended_at IS ?8 AND price IS NOT NULL
                """)
    }

    func apply(_ settlement: RunSettlement, at now: Timestamp) throws -> Bool {
        let (run, before, after) = (settlement.due.run, settlement.due.settled, settlement.plan.settled)
        statement.bind(after.minutes, at: 1)
        statement.bind(Int64(after.corrections), at: 2)
        statement.bind(run.run.workload.text, at: 3)
        statement.bind(Int64(run.run.number), at: 4)
        statement.bind(before.minutes, at: 5)
        statement.bind(Int64(before.corrections), at: 6)
        statement.bind(run.start.milliseconds, at: 7)
        statement.bind(run.end?.milliseconds, at: 8)
        if isFinal { statement.bind(now.milliseconds, at: 9) }
        try statement.run()
        return db.changesCount == 1
    }
}
