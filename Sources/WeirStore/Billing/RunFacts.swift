import GRDB
public import WeirModel

/// What is recorded of a run beside its charges, by which an unexpected one is understood (BIL-27).
public struct ChargedRunFacts: Hashable, Sendable {
    public let spec: WorkloadSpec
    /// It is the workload's last run and has not ended.
    public let isRunning: Bool
    /// When it was told to stop; nil when it was not.
    public let stopAsked: Timestamp?
    /// Requests to its open port; nil when none is open.
    public let requests: Int64?
    /// It was charged before it was ready and before its grace was over: its starter had none left.
    public let hadNoGrace: Bool
}

extension Reading {
    public func facts(of run: RunIdentity) throws -> ChargedRunFacts? {
        let grace = try startGrace().milliseconds
        return try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT workload.spec, run.ended_at IS NULL AS is_running,
                    workload.kind <> 'job' AND run.running_at < (SELECT max(started_at) FROM instance
                        WHERE instance.workload = run.workload AND instance.run = run.number AND attempt = 0) + ?
                    AND NOT EXISTS (SELECT 1 FROM transition WHERE transition.workload = run.workload AND transition.run = run.number
                        AND transition.cause = 'ready' AND transition.at <= run.running_at) AS had_no_grace,
                    (SELECT min(at) FROM transition WHERE transition.workload = run.workload AND transition.run = run.number
                    AND transition.state = 'stopping') AS stop_asked,
                    (SELECT requests FROM port WHERE port.workload = run.workload AND run.number = workload.run) AS requests
                    FROM run JOIN workload ON workload.id = run.workload WHERE run.workload = ? AND run.number = ?
                    """), arguments: [grace, run.workload, run.number]
        ).map { row in
            ChargedRunFacts(
                spec: try row.json("spec"), isRunning: row["is_running"], stopAsked: row["stop_asked"], requests: row["requests"],
                hadNoGrace: (row["had_no_grace"] as Bool?) ?? false)
        }
    }

    /// What the last run of each workload costs; those from before billing, and those without a run, are not in it.
    public func lastRuns(of workloads: [Identifier<Workload>]) throws -> [Identifier<Workload>: PricedRun] {
        guard !workloads.isEmpty else { return [:] }
        var prices = PriceTexts()
        let marks = workloads.map { _ in "?" }.joined(separator: ", ")
        var runs: [Identifier<Workload>: PricedRun] = [:]
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT run.workload, run.running_at, run.ended_at, run.price, workload.stop_at FROM workload
                JOIN run ON run.workload = workload.id AND run.number = workload.run
                WHERE workload.id IN (\(marks)) AND run.price IS NOT NULL
                """, arguments: StatementArguments(workloads.map(\.text)))
        while let row = try rows.next() {
            runs[try row.need("workload")] = PricedRun(
                start: try row.take("running_at"), end: try row.take("ended_at"), stopAt: try row.take("stop_at"),
                price: try prices.price(row.need("price")))
        }
        return runs
    }
}

/// A run's price, and when it ran.
public struct PricedRun: Hashable, Sendable {
    public let start: Timestamp?
    public let end: Timestamp?
    /// When a timer ends it; nothing is charged beyond.
    public let stopAt: Timestamp?
    public let price: RunPrice

    public init(start: Timestamp?, end: Timestamp?, stopAt: Timestamp? = nil, price: RunPrice) {
        self.start = start
        self.end = end
        self.stopAt = stopAt
        self.price = price
    }

    /// What it has come to by `now`, settled or not.
    public func cost(at now: Timestamp, _ run: RunIdentity) throws -> Points {
        guard let start else { return 0 }
        let metered = MeteredRun(run: run, start: start, end: end, price: price)
        return try price.amount(minutes: metered.minutes(until: end ?? min(now, stopAt ?? now)))
    }
}
