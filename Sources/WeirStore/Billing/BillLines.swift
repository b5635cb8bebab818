import GRDB
public import WeirModel

/// What a bill is narrowed to.
public struct BillFilter: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case environment, job, service, board, storage
    }

    public var kind: Kind?
    public var project: Identifier<Project>?
    /// Who made the workload, or whose netdisk it is.
    public var account: Identifier<Account>?
    public var workload: Identifier<Workload>?
    /// Who sees of all homes and netdisks their own alone; nil for who answers for the workspace's money.
    public var viewer: Identifier<Account>?

    public init(
        kind: Kind? = nil, project: Identifier<Project>? = nil, account: Identifier<Account>? = nil,
        workload: Identifier<Workload>? = nil
    ) {
        self.kind = kind
        self.project = project
        self.account = account
        self.workload = workload
    }
}

/// One line of a month's bill: all that a run, or a storage meter, was charged in it (BIL-07, BIL-22).
public struct BillLineRecord: Hashable, Sendable {
    public let subject: Bill.Subject
    public let kind: BillFilter.Kind
    /// Of the workload; empty for storage.
    public let name: String
    public let project: Identifier<Project>?
    public let projectName: String?
    public let account: Identifier<Account>?
    public let login: String?
    public let charged: Points
    /// Less what was taken back of it, where it came back twice.
    public let refunded: Points
    /// Entries of charges.
    public let charges: Int
    /// The first of the line's entries: the line's place on the bill.
    public let first: Int64
    public let run: ChargedRun?
    public let days: ClosedRange<BillDay>?

    /// What was charged less what was given back.
    public var amount: Points { Points(micro: charged.micro - refunded.micro) }

    /// What of a run stands on the bill: the minutes from `from` on, so many of them.
    public struct ChargedRun: Hashable, Sendable {
        public let start: Timestamp
        public let end: Timestamp?
        public let price: RunPrice
        public let from: Int64
        public let minutes: Int64
    }

    init(_ row: Row, _ prices: inout PriceTexts) throws {
        project = try row.take("project")
        projectName = try row.take("project_name")
        account = try row.take("account")
        login = try row.take("login")
        charged = Points(micro: try row.need("charged"))
        refunded = Points(micro: try row.need("refunded"))
        charges = try row.need("charges")
        first = try row.need("first")
        name = try row.take("workload_name") ?? ""
        if let workload: Identifier<Workload> = try row.take("workload") {
            kind = try row.raw("workload_kind")
            subject = .run(RunIdentity(workload: workload, number: try row.need("run")))
            run = ChargedRun(
                start: try row.need("run_start"), end: try row.take("run_end"), price: try prices.price(row.need("run_price")),
                from: try row.take("from_minute") ?? 0, minutes: try row.need("minutes"))
            days = nil
        } else {
            let text: String = try row.need("subject")
            guard let meter = StorageMeter(text) else { throw CorruptColumn(column: "key", value: text) }
            (kind, subject, run) = (.storage, .storage(meter), nil)
            let (from, to): (String, String) = (try row.need("from_day"), try row.need("to_day"))
            guard let from = BillDay(from), let to = BillDay(to), from <= to else { throw CorruptColumn(column: "key", value: text) }
            days = from...to
        }
    }
}

extension StorageMeter {
    /// Reads `wsp_…/library` and `wsp_…/netdisk/acc_…`, as keys and bills name a meter.
    public init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, let workspace = Identifier<Workspace>(parts[0]) else { return nil }
        switch (parts[1], parts.count) {
        case ("library", 2): self = .library(workspace)
        case ("netdisk", 3):
            guard let account = Identifier<Account>(parts[2]) else { return nil }
            self = .netdisk(workspace, account)
        default: return nil
        }
    }
}

extension Reading {
    /// A part of a bill, the line that was begun last first. It costs what it returns: of each line the entries are found by their keys.
    public func billLines(
        of workspace: Identifier<Workspace>, in month: BillMonth, _ filter: BillFilter = BillFilter(), _ page: PageRequest
    ) throws -> Page<BillLineRecord> {
        let (sql, arguments) = Self.billPage(of: workspace, in: month, filter, page)
        var prices = PriceTexts()
        let rows = try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments).map { try BillLineRecord($0, &prices) }
        return Page(rows: rows, request: page) { String($0.first) }
    }

    static func billPage(
        of workspace: Identifier<Workspace>, in month: BillMonth, _ filter: BillFilter, _ page: PageRequest
    ) -> (sql: String, arguments: StatementArguments) {
        let (conditions, values) = conditions("line", of: workspace, in: month, filter)
        var arguments = values
        arguments += [page.after.flatMap { Int64($0) } ?? .max, page.limit + 1]
        return (
            """
            WITH page AS (
                SELECT * FROM bill_line AS line WHERE \(conditions) AND line.first < ? ORDER BY line.first DESC LIMIT ?
            ), line AS (
                SELECT page.*, \(sums) FROM page JOIN ledger_entry AS e ON e.month = page.month
                AND e.key > CASE WHEN page.workload IS NULL THEN 'storage/' ELSE 'run/' END || page.subject || '/'
                AND e.key < CASE WHEN page.workload IS NULL THEN 'storage/' ELSE 'run/' END || page.subject || '0'
                GROUP BY page.first
            )
            \(described) ORDER BY line.first DESC
            """, arguments
        )
    }

    /// The most expensive lines of a bill, the first `most`. The month of the workspace is read once.
    public func largestBillLines(
        of workspace: Identifier<Workspace>, in month: BillMonth, _ filter: BillFilter = BillFilter(), most: Int
    ) throws -> [BillLineRecord] {
        let (conditions, values) = Self.conditions("e", of: workspace, in: month, filter)
        var arguments = values
        arguments += [most]
        let sql = """
            WITH line AS (
                SELECT CASE WHEN e.workload IS NULL THEN substr(\(Self.chargeKey), 9, length(\(Self.chargeKey)) - 19)
                ELSE e.workload || '/' || e.run END AS subject, e.workload, e.run, e.project, e.account, min(e.sequence) AS first,
                \(Self.sums) FROM ledger_entry AS e INDEXED BY ledger_entry_month WHERE \(conditions)
                GROUP BY subject ORDER BY charged - refunded DESC, first DESC LIMIT ?
            )
            \(Self.described) ORDER BY line.charged - line.refunded DESC, line.first DESC
            """
        var prices = PriceTexts()
        return try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments).map { try BillLineRecord($0, &prices) }
    }

    /// The key of the charge that an entry is, or gives back.
    private static let chargeKey = "(CASE e.kind WHEN 'refund' THEN e.reference ELSE e.key END)"

    /// What the entries of one line come to.
    private static let sums = """
        sum(CASE e.kind WHEN 'charge' THEN -e.amount ELSE 0 END) AS charged,
        sum(CASE WHEN e.kind IN ('refund', 'correction') THEN e.amount ELSE 0 END) AS refunded, sum(e.kind = 'charge') AS charges,
        sum(coalesce(e.minutes_after - e.minutes_before, 0)) AS minutes, min(min(e.minutes_before, e.minutes_after)) AS from_minute,
        min(substr(\(chargeKey), -10)) AS from_day, max(substr(\(chargeKey), -10)) AS to_day
        """

    private static let described = """
        SELECT line.*, run.running_at AS run_start, run.ended_at AS run_end, run.price AS run_price,
        workload.name AS workload_name, workload.kind AS workload_kind, project.name AS project_name, account.login
        FROM line LEFT JOIN run ON run.workload = line.workload AND run.number = line.run
        LEFT JOIN workload ON workload.id = line.workload LEFT JOIN project ON project.id = line.project
        LEFT JOIN account ON account.id = line.account
        """

    /// What the lines of a bill add up to.
    public func billTotal(
        of workspace: Identifier<Workspace>, in month: BillMonth, _ filter: BillFilter
    ) throws -> Points {
        guard filter != BillFilter() else { return try spending(of: workspace, in: month) }
        let (conditions, arguments) = Self.conditions("e", of: workspace, in: month, filter)
        let sum = try Int64.fetchOne(
            db.cachedStatement(sql: "SELECT -sum(e.amount) FROM ledger_entry AS e INDEXED BY ledger_entry_month WHERE \(conditions)"),
            arguments: arguments)
        return Points(micro: sum ?? 0)
    }

    private static func conditions(
        _ table: String, of workspace: Identifier<Workspace>, in month: BillMonth, _ filter: BillFilter
    ) -> (sql: String, arguments: StatementArguments) {
        var conditions = "\(table).workspace = ? AND \(table).month = ?"
        var arguments: StatementArguments = [workspace, month]
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions += " AND \(condition)"
            arguments += [value]
        }
        if filter.kind == .storage {
            conditions += " AND \(table).workload IS NULL"
        } else {
            add("(SELECT kind FROM workload WHERE id = \(table).workload) = ?", filter.kind?.rawValue)
        }
        add("\(table).project = ?", filter.project)
        add("\(table).account = ?", filter.account)
        add("\(table).workload = ?", filter.workload)
        add("(\(table).workload IS NOT NULL OR \(table).account IS NULL OR \(table).account = ?)", filter.viewer)
        return (conditions, arguments)
    }
}
