import GRDB
import WeirModel

extension Reading {
    /// A start this long after the charge that used up its money was certainly decided after it, in milliseconds: the moment of either is
    /// taken a little before it is written.
    private static let leastBetween: Int64 = 60_000

    /// Runs that were let in while there was nothing to pay for them, and whose first charge came while there still was nothing. What was
    /// let in before and then ran into arrears is none of them; neither is what a budget would refuse that was set only afterwards.
    func startedUnpaid(_ open: OpenFindings) throws -> [LedgerFinding] {
        try open.ofRuns(.startedUnpaid, sql: Self.unpaidStartsQuery, [Self.leastBetween]) { _, run in
            let charged = Points(micro: -(try givenBack(of: run)).micro)
            return charged > 0 ? charged : nil
        }
    }

    /// Goes once through the ledger with the running rest of each balance, and through the months in which a budget was reached with the
    /// rest of that. Of both remain the entries that used up the rest and the first charges of runs that found it used up; each of those
    /// is compared with the last of the former. A rest is only compared with zero, so one too large for an integer is no error here.
    static let unpaidStartsQuery = """
        WITH reached AS MATERIALIZED (
            SELECT budget.workspace, budget.scope, spending.month, budget.changed_at,
                CAST(replace(budget.document ->> '$.limit', '.', '') AS INTEGER) AS most
            FROM budget JOIN spending ON spending.workspace = budget.workspace AND spending.scope = budget.scope
            WHERE spending.amount >= CAST(replace(budget.document ->> '$.limit', '.', '') AS INTEGER)
        ), standing AS (
            SELECT workspace, '' AS scope, '' AS month, 0 AS since, sequence, at, amount, workload, run, minutes_before,
                total(amount) OVER (PARTITION BY workspace ORDER BY sequence) AS rest
            FROM ledger_entry
            UNION ALL
            SELECT entry.workspace, scope, entry.month, changed_at, sequence, at, amount, workload, run, minutes_before,
                most + total(amount) OVER (PARTITION BY reached.workspace, scope, reached.month ORDER BY sequence)
            FROM reached CROSS JOIN ledger_entry AS entry INDEXED BY ledger_entry_month
            ON entry.workspace = reached.workspace AND entry.month = reached.month AND scope IN ('workspace', project, account)
        ), turned AS (
            SELECT *, max(at) FILTER (WHERE rest <= 0 AND rest - amount > 0) OVER (
                PARTITION BY workspace, scope, month ORDER BY sequence ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached_at
            FROM standing
            WHERE (rest <= 0 AND rest - amount > 0) OR (rest - amount <= 0 AND minutes_before = 0)
        )
        SELECT DISTINCT turned.workload || '/' || turned.run AS subject, turned.workspace FROM turned
        JOIN transition ON transition.workload = turned.workload AND transition.run = turned.run
            AND transition.before = 'queued' AND transition.state = 'deploying'
            AND transition.at >= max(turned.reached_at, turned.since) + ?
        WHERE turned.rest - turned.amount <= 0 ORDER BY 1
        """
}
