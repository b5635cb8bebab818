import GRDB
import WeirModel

/// Charges that were due long ago. Weir makes them by itself as soon as it can, so no correction is proposed.
extension Reading {
    /// An end is settled as it is seen, and a day of storage in the hour after it: a charge that is late by a day did not wait for its turn.
    private static let late = Duration.seconds(86_400)

    /// Runs that are over, whose workload runs anew or hangs in its end, and that are not charged as far.
    func neverSettled(_ open: OpenFindings, _ now: Timestamp) throws -> [LedgerFinding] {
        let before = (now - Self.late).milliseconds
        return try open.first(sql: Self.neverSettledQuery, [before, before, before]) { row in
            LedgerFinding(code: .neverSettled, subject: try row.need("subject"), workspace: try row.need("workspace"), amount: nil)
        }
    }

    /// One that still runs while it stops is charged hour by hour, and so is none of them.
    static let neverSettledQuery = """
        SELECT run.workload || '/' || run.number AS subject, workload.workspace
        FROM run INDEXED BY run_unsettled JOIN workload ON workload.id = run.workload
        WHERE run.running_at IS NOT NULL AND run.price IS NOT NULL AND run.settled_at IS NULL
        AND (run.ended_at < ? OR run.ended_at IS NULL AND (
            workload.run > run.number OR workload.state NOT IN ('queued', 'deploying', 'running')))
        AND (workload.run > run.number OR workload.state_since < ?) AND run.running_at + run.settled_minutes * 60000 < ?
        ORDER BY run.workload, run.number
        """

    /// Meters of which samples were taken on two days and more after the last one that was charged, above the free amount of every list.
    func storageUncharged(_ open: OpenFindings, _ now: Timestamp) throws -> [LedgerFinding] {
        let prices = try tariffs().map(\.storage)
        return try open.first(sql: Self.storageUnchargedQuery, [2 * Self.late.components.seconds * 1000]) { row in
            let meter = try row.meter()
            let bytes: Int64 = try row.need("bytes")
            guard !prices.isEmpty, prices.allSatisfy({ bytes > $0.free(of: meter).count }) else { return nil }
            return LedgerFinding(code: .storageUncharged, subject: "\(meter)", workspace: meter.workspace, amount: nil)
        }
    }

    /// A day that was charged before its end was kept counts to the last end that it has in any time zone.
    static let storageUnchargedQuery = """
        WITH meter AS MATERIALIZED (
            SELECT workspace, account, coalesce(charged_until, strftime('%s', charged_day) * 1000 + 129600000) AS since FROM storage_meter
        )
        SELECT meter.workspace, meter.account, max(code + datasets + models + images + outputs + netdisk + shared) AS bytes
        FROM meter CROSS JOIN storage_sample AS sample
        ON sample.workspace = meter.workspace AND sample.account = meter.account AND sample.hour >= meter.since
        GROUP BY meter.workspace, meter.account HAVING max(sample.hour) >= max(meter.since) + ? ORDER BY 1, 2
        """
}
