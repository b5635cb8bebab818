import GRDB
public import WeirModel

/// The costs of a workspace's runs that were let in and are not charged yet, by what they count to.
public struct Commitments: Hashable, Sendable {
    public private(set) var amounts: [SpendingScope: Points] = [:]

    public init() {}

    public subscript(scope: SpendingScope) -> Points { amounts[scope] ?? 0 }

    public mutating func add(_ amount: Points, project: Identifier<Project>, account: Identifier<Account>) throws {
        for scope in [.workspace, .project(project), .account(account)] as [SpendingScope] {
            amounts[scope] = try (amounts[scope] ?? 0).adding(amount)
        }
    }
}

extension Reading {
    /// Each counts with its first hour, or all of it when it ends sooner, and then with what it has cost so far; one that is ending or has
    /// ended, until its end is settled, with that alone.
    public func commitments(of workspace: Identifier<Workspace>, at now: Timestamp) throws -> Commitments {
        let rows = try Row.fetchCursor(db.cachedStatement(sql: Self.commitmentsQuery), arguments: [now, workspace])
        var prices = PriceTexts()
        var commitments = Commitments()
        while let row = try rows.next() {
            let minutes: Int64 = try row.need("minutes")
            let text: String = try row.need("price")
            guard minutes > 0 else { continue }
            let price: RunPrice
            // A run whose price nobody can read is named by the verification; it keeps nobody else from starting.
            do { price = try prices.price(text) } catch is DecodingError { continue }
            try commitments.add(price.amount(minutes: minutes), project: row.need("project"), account: row.need("started_by"))
        }
        return commitments
    }

    static let commitmentsQuery = """
        SELECT workload.project, run.started_by, run.price, sum(max(0, CASE
            WHEN workload.state = 'stopping' THEN coalesce((\(counted) - run.running_at + 59999) / 60000, 0)
            WHEN run.running_at IS NULL THEN min(60, (\(limitOfSpec) + 59) / 60)
            ELSE max(
                (\(counted) - run.running_at + 59999) / 60000,
                min(60, coalesce((workload.stop_at - run.running_at + 59999) / 60000, 60)))
            END - run.settled_minutes)) AS minutes
        FROM workload INDEXED BY workload_state JOIN run ON run.workload = workload.id AND run.number = workload.run
        WHERE workload.workspace = ?2 AND workload.deleted_at IS NULL AND workload.state IN ('deploying', 'running', 'stopping')
        AND run.price IS NOT NULL AND run.settled_at IS NULL
        GROUP BY workload.project, run.started_by, run.price
        UNION ALL
        SELECT workload.project, run.started_by, run.price,
            sum(max(0, (run.ended_at - run.running_at + 59999) / 60000 - run.settled_minutes)) AS minutes
        FROM run INDEXED BY run_over CROSS JOIN workload ON workload.id = run.workload
        WHERE run.running_at IS NOT NULL AND run.price IS NOT NULL AND run.settled_at IS NULL AND run.ended_at IS NOT NULL
        AND workload.workspace = ?2
        GROUP BY workload.project, run.started_by, run.price
        """

    /// `UnsettledRun.counted` in SQL.
    private static let counted = "min(?1, coalesce(workload.stop_at, ?1))"

    /// `WorkloadSpec.runLimit` of a workload in SQL, an hour at most: its timer is set when it runs.
    private static let limitOfSpec = """
        min(
            coalesce(
                json_extract(workload.spec, '$.detail.environment._0.autoStop'),
                json_extract(workload.spec, '$.detail.job._0.timeLimit'), 3600),
            coalesce(json_extract(workload.spec, '$.flavor.longestRun'), 3600))
        """

    /// The price of the first hour of a workload that is to be started. Throws `no_tariff`, `no_price`.
    public func firstHour(ofNew spec: WorkloadSpec, at now: Timestamp) throws -> Points {
        guard let number = try tariffNumber(at: now), let tariff = try tariff(number: number) else { throw WeirError.noTariff() }
        return try PreparedPrice(spec, tariff).firstHour
    }

    /// The price of the first hour of a run that waits; nothing where it has no price.
    public func firstHour(of workload: WorkloadRecord) throws -> Points {
        let text = try String.fetchOne(
            db.cachedStatement(sql: "SELECT price FROM run WHERE workload = ? AND number = ?"), arguments: [workload.id, workload.run])
        guard let text else { return 0 }
        var prices = PriceTexts()
        return try prices.price(text).firstHour(limit: workload.spec.runLimit)
    }
}
