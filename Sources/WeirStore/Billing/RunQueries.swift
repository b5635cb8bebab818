import Foundation
import GRDB
public import WeirModel

extension Reading {
    private static let unsettledColumns = """
        run.workload, run.number, run.running_at, run.ended_at, run.price, run.settled_minutes, run.corrections,
        workload.workspace, workload.project, run.started_by, workload.kind, workload.name,
        CASE WHEN workload.run = run.number THEN workload.stop_at END AS stop_at, run.clock_steps
        """

    /// Runs with something left to charge, of all workspaces, in the order of their identities: those after `cursor`.
    /// What runs stays in it until its end has been charged.
    public func unsettledRuns(after cursor: RunIdentity? = nil, limit: Int = 1000) throws -> [UnsettledRun] {
        try unsettledPage(after: cursor, limit: limit).runs
    }

    /// The same, with what of the page nobody can read.
    public func unsettledPage(after cursor: RunIdentity? = nil, limit: Int = 1000) throws -> UnsettledPage {
        try unsettled(
            sql: """
                SELECT \(Self.unsettledColumns) FROM run INDEXED BY run_unsettled JOIN workload ON workload.id = run.workload
                WHERE run.running_at IS NOT NULL AND run.price IS NOT NULL AND run.settled_at IS NULL
                AND (run.workload, run.number) > (?, ?) ORDER BY run.workload, run.number LIMIT ?
                """
        ) { statement in
            statement.bind(cursor?.workload.text ?? "", at: 1)
            statement.bind(Int64(cursor?.number ?? 0), at: 2)
            statement.bind(Int64(limit), at: 3)
        }
    }

    /// What runs now in a workspace and is charged, for an outlook (BIL-29). At most 10,000.
    public func runningRuns(in workspace: Identifier<Workspace>) throws -> [UnsettledRun] {
        try unsettled(
            sql: """
                SELECT \(Self.unsettledColumns) FROM workload JOIN run ON run.workload = workload.id AND run.number = workload.run
                WHERE workload.workspace = ? AND workload.deleted_at IS NULL AND workload.state IN ('deploying', 'running', 'stopping')
                AND run.running_at IS NOT NULL AND run.price IS NOT NULL AND run.settled_at IS NULL ORDER BY workload.id LIMIT 10000
                """
        ) { $0.bind(workspace.text, at: 1) }.runs
    }

    public func unsettledRun(_ run: RunIdentity) throws -> UnsettledRun? {
        try unsettled(
            sql: """
                SELECT \(Self.unsettledColumns) FROM run JOIN workload ON workload.id = run.workload
                WHERE run.workload = ? AND run.number = ? AND run.running_at IS NOT NULL AND run.price IS NOT NULL
                AND run.settled_at IS NULL
                """
        ) { statement in
            statement.bind(run.workload.text, at: 1)
            statement.bind(Int64(run.number), at: 2)
        }.runs.first
    }

    /// Runs that have ended and are not yet on the bill; costs what it returns, whatever runs.
    public func unsettledEnds(limit: Int) throws -> [UnsettledRun] { try unsettledEnds(after: nil, limit: limit).runs }

    /// The same in the order of their ends, after `cursor`, with what of the page nobody can read.
    public func unsettledEnds(after cursor: UnsettledPage.End?, limit: Int) throws -> UnsettledPage {
        try unsettled(
            sql: """
                SELECT \(Self.unsettledColumns) FROM run INDEXED BY run_over JOIN workload ON workload.id = run.workload
                WHERE run.running_at IS NOT NULL AND run.price IS NOT NULL AND run.settled_at IS NULL
                AND run.ended_at IS NOT NULL AND (run.ended_at, run.workload, run.number) > (?, ?, ?)
                ORDER BY run.ended_at, run.workload, run.number LIMIT ?
                """
        ) { statement in
            statement.bind(cursor?.at.milliseconds ?? Int64.min, at: 1)
            statement.bind(cursor?.run.workload.text ?? "", at: 2)
            statement.bind(Int64(cursor?.run.number ?? 0), at: 3)
            statement.bind(Int64(limit), at: 4)
        }
    }

    /// Columns are read by their places in `unsettledColumns`. A row that cannot be read is named, and stops no other.
    private func unsettled(sql: String, bind: (DirectStatement) -> Void) throws -> UnsettledPage {
        var prices = PriceTexts()
        var page = UnsettledPage()
        let statement = try DirectStatement(db, sql: sql)
        bind(statement)
        try statement.each {
            let run = RunIdentity(workload: try statement.id(0), number: Int(statement.number(1)))
            page.last = run
            page.lastEnd = statement.moment(3).map { UnsettledPage.End(at: $0, run: run) }
            page.count += 1
            do {
                page.runs.append(try Self.unsettled(run, statement, &prices))
            } catch {
                page.unreadable[run] = "\(error)"
            }
        }
        return page
    }

    private static func unsettled(_ run: RunIdentity, _ statement: DirectStatement, _ prices: inout PriceTexts) throws -> UnsettledRun {
        let kind = statement.text(10)
        guard let kind = WorkloadKind(rawValue: kind) else { throw CorruptColumn(column: "kind", value: kind) }
        guard let start = statement.moment(2) else { throw CorruptColumn(column: "running_at", value: "NULL") }
        return UnsettledRun(
            run: MeteredRun(run: run, start: start, end: statement.moment(3), price: try prices.price(statement.bytes(4))),
            settled: Settled(minutes: statement.number(5), corrections: Int(statement.number(6))),
            workspace: try statement.id(7), project: try statement.id(8), account: try statement.id(9), kind: kind,
            name: statement.text(11), stopAt: statement.moment(12), clockSteps: .milliseconds(statement.number(13)))
    }
}

/// A part of what is to be settled.
public struct UnsettledPage: Sendable {
    public struct End: Hashable, Sendable {
        public let at: Timestamp
        public let run: RunIdentity
    }

    public internal(set) var runs: [UnsettledRun] = []
    /// Runs whose rows hold what Weir never writes, and what is wrong.
    public internal(set) var unreadable: [RunIdentity: String] = [:]
    /// The number of rows that were looked at.
    public internal(set) var count = 0
    /// The next part begins after this run.
    public internal(set) var last: RunIdentity?
    public internal(set) var lastEnd: End?
}

/// Run prices by their text: thousands of runs have a handful of prices.
struct PriceTexts {
    private var known: [String: RunPrice] = [:]
    private var last: (text: [UInt8], price: RunPrice)?

    mutating func price(_ text: String) throws -> RunPrice {
        if let price = known[text] { return price }
        let price = try JSONDecoder().decode(RunPrice.self, from: Data(text.utf8))
        if known.count >= 10_000 { known = [:] }
        known[text] = price
        return price
    }

    /// Neighbours mostly have the same price.
    mutating func price(_ text: UnsafeRawBufferPointer) throws -> RunPrice {
        if let last, last.text.elementsEqual(text) { return last.price }
        let price = try price(String(decoding: text, as: UTF8.self))
        last = ([UInt8](text), price)
        return price
    }
}
