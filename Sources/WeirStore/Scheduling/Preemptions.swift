import GRDB
public import WeirModel

/// A run that gave way to another workload, and what its owner pays less for that it may have to (QUO-07).
public struct PreemptionRecord: Hashable, Sendable {
    public var workload: Identifier<Workload>
    public var run: Int
    public var at: Timestamp
    public var workspace: Identifier<Workspace>
    public var forWorkload: Identifier<Workload>
    public var flavor: String
    /// For an hour of an instance; nil when the run was free.
    public var price: Points?
    /// For an hour of the cheapest flavor of the same size that never gives way; nil when there is none.
    public var regularPrice: Points?

    public init(
        workload: Identifier<Workload>, run: Int, at: Timestamp, workspace: Identifier<Workspace>,
        forWorkload: Identifier<Workload>, flavor: String, price: Points?, regularPrice: Points?
    ) {
        self.workload = workload
        self.run = run
        self.at = at
        self.workspace = workspace
        self.forWorkload = forWorkload
        self.flavor = flavor
        self.price = price
        self.regularPrice = regularPrice
    }

    init(_ row: Row) {
        workload = row["workload"]
        run = row["run"]
        at = row["at"]
        workspace = row["workspace"]
        forWorkload = row["for_workload"]
        flavor = row["flavor"]
        price = (row["price"] as Int64?).map { Points(micro: $0) }
        regularPrice = (row["regular_price"] as Int64?).map { Points(micro: $0) }
    }
}

extension Reading {
    public func preemptions(of workload: Identifier<Workload>) throws -> [PreemptionRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM preemption WHERE workload = ? ORDER BY run DESC LIMIT 500"),
            arguments: [workload]
        ).map(PreemptionRecord.init)
    }
}

extension Writing {
    public func insert(_ preemption: PreemptionRecord) throws {
        try db.cachedStatement(
            sql: """
                INSERT INTO preemption (workload, run, at, workspace, for_workload, flavor, price, regular_price)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            preemption.workload, preemption.run, preemption.at, preemption.workspace, preemption.forWorkload,
            preemption.flavor, preemption.price?.micro, preemption.regularPrice?.micro,
        ])
    }
}
