import GRDB
public import WeirModel

/// When the start of a waiting run was expected, and when it came.
public struct StartForecastRecord: Hashable, Sendable {
    public var workload: Identifier<Workload>
    public var run: Int
    public var madeAt: Timestamp
    public var low: Timestamp
    public var median: Timestamp
    /// Nil: there was no telling.
    public var high: Timestamp?
    public var startedAt: Timestamp?

    public init(
        workload: Identifier<Workload>, run: Int, madeAt: Timestamp, low: Timestamp, median: Timestamp, high: Timestamp?
    ) {
        self.workload = workload
        self.run = run
        self.madeAt = madeAt
        self.low = low
        self.median = median
        self.high = high
        startedAt = nil
    }

    init(_ row: Row) {
        workload = row["workload"]
        run = row["run"]
        madeAt = row["made_at"]
        low = row["low"]
        median = row["median"]
        high = row["high"]
        startedAt = row["started_at"]
    }
}

extension Reading {
    public func forecast(of workload: Identifier<Workload>, run: Int) throws -> StartForecastRecord? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT * FROM start_forecast WHERE workload = ? AND run = ?"), arguments: [workload, run]
        ).map(StartForecastRecord.init)
    }

    /// Those whose start has come, newest first.
    public func scoredForecasts(limit: Int) throws -> [StartForecastRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: "SELECT * FROM start_forecast WHERE started_at IS NOT NULL ORDER BY started_at DESC LIMIT ?"),
            arguments: [limit]
        ).map(StartForecastRecord.init)
    }
}

extension Writing {
    /// The first one made for a run is the one that counts: later ones know more and prove less.
    public func insert(_ forecast: StartForecastRecord) throws {
        try db.cachedStatement(
            sql: """
                INSERT OR IGNORE INTO start_forecast (workload, run, made_at, low, median, high) VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            forecast.workload, forecast.run, forecast.madeAt, forecast.low, forecast.median, forecast.high,
        ])
    }

    public func setForecastCameTrue(of workload: Identifier<Workload>, run: Int, at start: Timestamp) throws {
        try db.cachedStatement(sql: "UPDATE start_forecast SET started_at = ? WHERE workload = ? AND run = ?")
            .execute(arguments: [start, workload, run])
    }
}
