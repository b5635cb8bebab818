import GRDB
public import WeirModel

/// Something that older rules let happen and today's do not, or that is overdue: no error of the ledger, but money that somebody may want to
/// put right. A correction that names it in its reference settles it.
public struct LedgerFinding: Hashable, Sendable {
    public enum Code: String, Sendable, CaseIterable {
        /// It was told to stop before its container started, and was charged all the same (BIL-26).
        case chargedBeforeRunning = "charged_before_running"
        /// A program ran after its grace without ever being charged, since it never answered (BIL-26).
        case unpaidCompute = "unpaid_compute"
        /// A run was charged by the list of its submission, and another one held at its start (BIL-06).
        case priceOfSubmission = "price_of_submission"
        /// More was given back of a run than it was charged (BIL-27).
        case givenBackTwice = "given_back_twice"
        /// Two recharges of a workspace name the same payment (BIL-21).
        case paymentTwice = "payment_twice"
        /// A person was given what a first workspace begins with for a further one, too.
        case grantTwice = "grant_twice"
        /// Under one list the same name stood for flavors of different sizes (BIL-03).
        case flavorChanged = "flavor_changed"
        /// A run was started, and charged, while the balance or a budget that it counts to was used up (BIL-18).
        case startedUnpaid = "started_unpaid"
        /// A run has been over for days, or hangs in its end, and is not charged as far (BIL-05).
        case neverSettled = "never_settled"
        /// Storage above the free amount was measured for days after the last one that was charged (BIL-13, BIL-28).
        case storageUncharged = "storage_uncharged"
    }

    public let code: Code
    /// The run, the entry, the storage meter, or the list and the flavor's name.
    public let subject: String
    /// Nil for a list.
    public let workspace: Identifier<Workspace>?
    /// The points that a correction would add to the balance; nil where that cannot be told, or where Weir will charge it itself.
    public let amount: Points?

    /// The reference of a correction that settles it.
    public var reference: String { "\(code.rawValue)/\(subject)" }
}

extension Reading {
    /// All that were not settled yet, `most` of each kind.
    /// - Parameter isEnforced: a start is refused for money. Where it is not, one without money is no finding.
    public func ledgerFindings(most: Int, at now: Timestamp, isEnforced: Bool = true) throws -> [LedgerFinding] {
        let settled = try String.fetchSet(
            db,
            sql: """
                SELECT reference FROM ledger_entry INDEXED BY ledger_entry_paid
                WHERE kind <> 'charge' AND kind = 'correction' AND reference IS NOT NULL
                """)
        let open = OpenFindings(db: db, settled: settled, most: most)
        var found =
            try chargedBeforeRunning(open) + unpaidCompute(open) + pricedAtSubmission(open) + givenBackTwice(open) + paidTwice(open)
            + grantedTwice(open) + flavorsChanged(open)
        if isEnforced { found += try startedUnpaid(open) }
        found += try neverSettled(open, now)
        found += try storageUncharged(open, now)
        return found
    }

    private func chargedBeforeRunning(_ open: OpenFindings) throws -> [LedgerFinding] {
        try open.ofRuns(
            .chargedBeforeRunning,
            sql: """
                SELECT run.workload || '/' || run.number AS subject, workload.workspace FROM run
                JOIN workload ON workload.id = run.workload
                WHERE run.settled_minutes > 0 AND run.outcome = 'stopped' AND EXISTS (
                    SELECT 1 FROM transition WHERE transition.workload = run.workload AND transition.run = run.number
                    AND transition.before = 'deploying' AND transition.state = 'stopping' AND NOT EXISTS (
                        SELECT 1 FROM instance WHERE instance.workload = run.workload AND instance.run = run.number
                        AND instance.started_at <= transition.at))
                ORDER BY 1
                """
        ) { _, run in
            let charged = Points(micro: -(try givenBack(of: run)).micro)
            return charged > 0 ? charged : nil
        }
    }

    private func unpaidCompute(_ open: OpenFindings) throws -> [LedgerFinding] {
        let grace = try startGrace().components.seconds * 1000
        return try open.ofRuns(
            .unpaidCompute,
            sql: """
                SELECT run.workload || '/' || run.number AS subject, workload.workspace, run.price,
                    run.ended_at - max(instance.started_at) - ? AS ran
                FROM run JOIN workload ON workload.id = run.workload AND workload.kind <> 'job'
                JOIN instance ON instance.workload = run.workload AND instance.run = run.number
                WHERE run.running_at IS NULL AND run.ended_at IS NOT NULL AND run.price IS NOT NULL AND instance.started_at IS NOT NULL
                AND (run.outcome <> 'failed' OR workload.failure IS NULL OR json_extract(workload.failure, '$.startRefused') IS NULL)
                GROUP BY run.workload, run.number HAVING ran > 0 ORDER BY 1
                """, [grace]
        ) { row, _ in
            var prices = PriceTexts()
            let (text, ran): (String, Int64) = (try row.need("price"), try row.need("ran"))
            return Points(micro: -(try prices.price(text).amount(minutes: (ran + 59_999) / 60_000)).micro)
        }
    }

    private func pricedAtSubmission(_ open: OpenFindings) throws -> [LedgerFinding] {
        let tariffs = try tariffs().sorted { $0.startsAt < $1.startsAt }
        return try open.ofRuns(
            .priceOfSubmission,
            sql: """
                SELECT run.workload || '/' || run.number AS subject, workload.workspace, run.price, run.flavor, run.replicas,
                    run.running_at, run.settled_minutes, workload.kind
                FROM run JOIN workload ON workload.id = run.workload
                WHERE run.priced_at IS NULL AND run.running_at IS NOT NULL AND run.settled_minutes > 0 AND run.tariff <> (
                    SELECT number FROM tariff WHERE starts_at <= run.running_at ORDER BY starts_at DESC, number DESC LIMIT 1)
                ORDER BY 1
                """
        ) { row, _ in
            var prices = PriceTexts()
            let (start, text, minutes): (Timestamp, String, Int64) = (
                try row.need("running_at"), try row.need("price"), try row.need("settled_minutes")
            )
            guard let list = tariffs.last(where: { $0.startsAt <= start }) else { return nil }
            let due: RunPrice
            do {
                due = try list.price(kind: row.raw("kind"), flavor: row.json("flavor"), replicas: row.need("replicas"))
            } catch let error as WeirError where error.code == "no_price" {
                return nil
            }
            let difference = try prices.price(text).amount(minutes: minutes).subtracting(due.amount(minutes: minutes))
            return difference == 0 ? nil : difference
        }
    }

    private func givenBackTwice(_ open: OpenFindings) throws -> [LedgerFinding] {
        try open.ofRuns(
            .givenBackTwice,
            sql: """
                SELECT DISTINCT workload || '/' || run AS subject, workspace FROM ledger_entry INDEXED BY ledger_entry_paid
                WHERE kind <> 'charge' AND kind = 'refund' AND run IS NOT NULL ORDER BY 1
                """
        ) { _, run in
            let tooMuch = try givenBack(of: run)
            return tooMuch > 0 ? Points(micro: -tooMuch.micro) : nil
        }
    }

    private func paidTwice(_ open: OpenFindings) throws -> [LedgerFinding] {
        try open.entries(.paymentTwice, sql: Self.paidTwiceQuery)
    }

    static let paidTwiceQuery = """
        SELECT later.sequence, later.workspace, later.amount FROM ledger_entry AS later INDEXED BY ledger_entry_paid
        WHERE later.kind <> 'charge' AND later.kind = 'recharge' AND later.reference IS NOT NULL AND EXISTS (
            SELECT 1 FROM ledger_entry AS first INDEXED BY ledger_entry_rare
            WHERE first.workspace = later.workspace AND first.kind <> 'charge' AND first.kind = 'recharge'
            AND first.sequence < later.sequence AND lower(trim(first.reference)) = lower(trim(later.reference)))
        ORDER BY later.sequence
        """

    private func grantedTwice(_ open: OpenFindings) throws -> [LedgerFinding] {
        try open.entries(
            .grantTwice,
            sql: """
                SELECT entry.sequence, entry.workspace, entry.amount FROM audit_event AS made
                JOIN ledger_entry AS entry ON entry.key = 'grant/start/' || made.subject AND entry.amount > 0
                JOIN account ON account.id = made.actor AND NOT account.is_operator
                WHERE made.action = 'workspace_created' AND EXISTS (
                    SELECT 1 FROM audit_event AS first INDEXED BY audit_event_maker
                    WHERE first.action = 'workspace_created' AND first.actor = made.actor AND first.sequence < made.sequence)
                ORDER BY entry.sequence
                """)
    }

    private func flavorsChanged(_ open: OpenFindings) throws -> [LedgerFinding] {
        try open.first(
            sql: """
                SELECT run.tariff || '/' || json_extract(run.flavor, '$.name') AS subject FROM run
                JOIN workload ON workload.id = run.workload AND workload.kind IN ('job', 'service')
                WHERE run.priced_at IS NULL AND run.settled_minutes > 0
                GROUP BY 1 HAVING count(DISTINCT json_remove(run.flavor, '$.longestRun', '$.pricePerHour', '$.processes')) > 1
                ORDER BY 1
                """
        ) { LedgerFinding(code: .flavorChanged, subject: try $0.need("subject"), workspace: nil, amount: nil) }
    }
}

/// Goes through what a query finds until there are `most` that no correction has settled.
struct OpenFindings {
    let db: Database
    /// The references of all corrections.
    let settled: Set<String>
    let most: Int

    /// Rows of which `finding` makes nothing are passed over.
    func first(
        sql: String, _ arguments: [Int64] = [], finding: (Row) throws -> LedgerFinding?
    ) throws -> [LedgerFinding] {
        var found: [LedgerFinding] = []
        let rows = try Row.fetchCursor(db, sql: sql, arguments: StatementArguments(arguments))
        while found.count < most, let row = try rows.next() {
            guard let one = try finding(row), !settled.contains(one.reference) else { continue }
            found.append(one)
        }
        return found
    }

    /// Entries that should not be there, by their sequence: a correction takes their amount back.
    func entries(_ code: LedgerFinding.Code, sql: String) throws -> [LedgerFinding] {
        try first(sql: sql) { row in
            LedgerFinding(
                code: code, subject: "\(row["sequence"] as Int64)", workspace: row["workspace"],
                amount: Points(micro: -(row["amount"] as Int64)))
        }
    }

    /// Rows with `subject`, a run, and `workspace`; those of which `amount` says nothing are none.
    func ofRuns(
        _ code: LedgerFinding.Code, sql: String, _ arguments: [Int64] = [], amount: (Row, RunIdentity) throws -> Points?
    ) throws -> [LedgerFinding] {
        try first(sql: sql, arguments) { row in
            let subject: String = try row.need("subject")
            let parts = subject.split(separator: "/")
            guard parts.count == 2, let workload = Identifier<Workload>(String(parts[0])), let number = Int(parts[1]),
                let amount = try amount(row, RunIdentity(workload: workload, number: number))
            else { return nil }
            return LedgerFinding(code: code, subject: subject, workspace: try row.need("workspace"), amount: amount)
        }
    }
}
