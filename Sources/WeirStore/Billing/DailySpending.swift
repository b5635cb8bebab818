import GRDB
public import WeirModel

/// The charges to one project and one person on one day; nil for those to none.
public struct DailySpending: Hashable, Sendable {
    /// Among the days that were asked for.
    public let day: Int
    public let project: Identifier<Project>?
    public let account: Identifier<Account>?
    public let amount: Points
}

extension Reading {
    /// The charges of a month by its days, less refunds. A charge of a run counts to the day of its last minute, other entries to the day
    /// on which they were entered, and what was entered after the month to its last.
    public func spending(
        of workspace: Identifier<Workspace>, in month: BillMonth, days: [Range<Timestamp>]
    ) throws -> [DailySpending] {
        guard let first = days.first?.lowerBound, let end = days.last?.upperBound else { return [] }
        let starts = try jsonText(days.map { [$0.lowerBound.milliseconds, $0.upperBound.milliseconds] })
        return try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    WITH day (number, start, finish) AS
                    (SELECT key, json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(:days)),
                    charged (moment, project, account, amount) AS (
                        SELECT min(max(coalesce(run_started_at + minutes_after * 60000 - 1, at), :first), :end - 1), project, account, amount
                        FROM ledger_entry INDEXED BY ledger_entry_month WHERE workspace = :workspace AND month = :month
                    )
                    SELECT day.number, project, account, -sum(amount) FROM charged
                    JOIN day ON moment >= day.start AND moment < day.finish GROUP BY day.number, project, account
                    """),
            arguments: ["days": starts, "first": first, "end": end, "workspace": workspace, "month": month]
        ).map { DailySpending(day: $0[0], project: $0[1], account: $0[2], amount: Points(micro: $0[3])) }
    }
}
