import Foundation
import GRDB
public import WeirModel

extension Reading {
    private static let unsettledColumns = """
        run.workload, run.number, run.running_at, run.ended_at, run.price, run.settled_minutes, run.corrections,
        workload.workspace, workload.project, workload.created_by, workload.kind, workload.name,
        CASE WHEN workload.run = run.number THEN workload.stop_at END AS stop_at
        """

    /// Runs with something left to charge, of all workspaces, in the order of their identities: those after `cursor`.
    /// What runs stays in it until its end has been charged.
    public func unsettledRuns(after cursor: RunIdentity? = nil, limit: Int = 1000) throws -> [UnsettledRun] {
        try unsettled(
            sql: """
                SELECT \(Self.unsettledColumns) FROM run INDEXED BY run_unsettled JOIN workload ON workload.id = run.workload
                WHERE run.running_at IS NOT NULL AND run.price IS NOT NULL AND run.settled_at IS NULL
                AND (run.workload, run.number) > (?, ?) ORDER BY run.workload, run.number LIMIT ?
                """, [cursor?.workload.text ?? "", cursor?.number ?? 0, limit])
    }

    /// What runs now in a workspace and is charged, for an outlook (BIL-29). At most 10,000.
    public func runningRuns(in workspace: Identifier<Workspace>) throws -> [UnsettledRun] {
        try unsettled(
            sql: """
                SELECT \(Self.unsettledColumns) FROM workload JOIN run ON run.workload = workload.id AND run.number = workload.run
                WHERE workload.workspace = ? AND workload.deleted_at IS NULL AND workload.state IN ('running', 'stopping')
                AND run.running_at IS NOT NULL AND run.price IS NOT NULL AND run.settled_at IS NULL ORDER BY workload.id LIMIT 10000
                """, [workspace])
    }

    public func unsettledRun(_ run: RunIdentity) throws -> UnsettledRun? {
        try unsettled(
            sql: """
                SELECT \(Self.unsettledColumns) FROM run JOIN workload ON workload.id = run.workload
                WHERE run.workload = ? AND run.number = ? AND run.running_at IS NOT NULL AND run.price IS NOT NULL
                AND run.settled_at IS NULL
                """, [run.workload, run.number]
        ).first
    }

    /// Runs that have ended and are not yet on the bill; costs what it returns, whatever runs.
    public func unsettledEnds(limit: Int) throws -> [UnsettledRun] {
        try unsettled(
            sql: """
                SELECT \(Self.unsettledColumns) FROM run INDEXED BY run_over JOIN workload ON workload.id = run.workload
                WHERE run.running_at IS NOT NULL AND run.price IS NOT NULL AND run.settled_at IS NULL
                AND run.ended_at IS NOT NULL LIMIT ?
                """, [limit])
    }

    private func unsettled(sql: String, _ arguments: StatementArguments) throws -> [UnsettledRun] {
        var prices = PriceTexts()
        return try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments).map { row in
            UnsettledRun(
                run: MeteredRun(
                    run: RunIdentity(workload: row["workload"], number: row["number"]), start: row["running_at"],
                    end: row["ended_at"], price: try prices.price(row["price"])),
                settled: Settled(minutes: row["settled_minutes"], corrections: row["corrections"]),
                workspace: row["workspace"], project: row["project"], account: row["created_by"], kind: try row.raw("kind"),
                name: row["name"], stopAt: row["stop_at"])
        }
    }
}

/// Run prices by their text: thousands of runs have a handful of prices.
struct PriceTexts {
    private var known: [String: RunPrice] = [:]

    mutating func price(_ text: String) throws -> RunPrice {
        if let price = known[text] { return price }
        let price = try JSONDecoder().decode(RunPrice.self, from: Data(text.utf8))
        if known.count >= 10_000 { known = [:] }
        known[text] = price
        return price
    }
}
