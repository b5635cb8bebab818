import GRDB
public import WeirModel

/// An external port of the gateway, held by a service (INF-04, INF-05, INF-07).
public struct PortRecord: Hashable, Sendable {
    public var number: Int
    public var workload: Identifier<Workload>
    public var openedAt: Timestamp
    public var activeAt: Timestamp
    public var requests: Int64
    public var errors: Int64

    init(_ row: Row) {
        number = row["number"]
        workload = row["workload"]
        openedAt = row["opened_at"]
        activeAt = row["active_at"]
        requests = row["requests"]
        errors = row["errors"]
    }
}

extension Reading {
    public func port(of workload: Identifier<Workload>) throws -> PortRecord? {
        try Row.fetchOne(db.cachedStatement(sql: "SELECT * FROM port WHERE workload = ?"), arguments: [workload]).map(PortRecord.init)
    }

    /// Those of the workloads that have one.
    public func ports(of workloads: [Identifier<Workload>]) throws -> [Identifier<Workload>: PortRecord] {
        guard !workloads.isEmpty else { return [:] }
        let rows = try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM port WHERE workload IN (SELECT value FROM json_each(?))"),
            arguments: [try jsonText(workloads.map(\.text))])
        return Dictionary(rows.map(PortRecord.init).map { ($0.workload, $0) }, uniquingKeysWith: { first, _ in first })
    }

    public func ports() throws -> [PortRecord] {
        try Row.fetchAll(db.cachedStatement(sql: "SELECT * FROM port")).map(PortRecord.init)
    }

    /// When the account signed the open-port commitment for the workspace (INF-06).
    public func commitment(
        of account: Identifier<Account>, in workspace: Identifier<Workspace>, textVersion: Int
    ) throws -> Timestamp? {
        try Timestamp.fetchOne(
            db.cachedStatement(sql: "SELECT signed_at FROM commitment WHERE workspace = ? AND account = ? AND text_version = ?"),
            arguments: [workspace, account, textVersion])
    }
}

extension Writing {
    /// Gives the workload the next free port of the range after the one given last, or the port that it has: a port
    /// comes back to somebody else as late as can be, and a restart brings a new one (INF-07).
    public func openPort(
        for workload: Identifier<Workload>, in range: ClosedRange<Int>, at now: Timestamp
    ) throws -> PortRecord {
        if let open = try read.port(of: workload) { return open }
        let taken = Set(try Int.fetchAll(db.cachedStatement(sql: "SELECT number FROM port")))
        let last = try read.setting("port.last").flatMap { Int($0) } ?? range.lowerBound - 1
        let free = range.filter { !taken.contains($0) }
        guard let number = free.first(where: { $0 > last }) ?? free.first else { throw WeirError.noFreePort(range) }
        try setSetting("port.last", to: String(number))
        try db.execute(
            sql: "INSERT INTO port (number, workload, opened_at, active_at) VALUES (?, ?, ?, ?)",
            arguments: [number, workload, now, now])
        guard let port = try read.port(of: workload) else { throw WeirError.notFound("port") }
        return port
    }

    public func closePort(of workload: Identifier<Workload>) throws {
        try db.execute(sql: "DELETE FROM port WHERE workload = ?", arguments: [workload])
    }

    /// Writes what was counted since the port was opened or Weir was started, whichever is later. The `workload` guards
    /// against counting for the port's next holder.
    public func setTraffic(
        port number: Int, of workload: Identifier<Workload>, activeAt: Timestamp, requests: Int64, errors: Int64
    ) throws {
        try db.execute(
            sql: """
                UPDATE port SET active_at = max(active_at, ?), requests = ?, errors = ? WHERE number = ? AND workload = ?
                """, arguments: [activeAt, requests, errors, number, workload])
    }

    public func signCommitment(
        by account: Identifier<Account>, in workspace: Identifier<Workspace>, textVersion: Int, at now: Timestamp
    ) throws {
        try db.execute(
            sql: """
                INSERT INTO commitment (workspace, account, text_version, signed_at) VALUES (?, ?, ?, ?)
                ON CONFLICT (workspace, account) DO UPDATE SET text_version = excluded.text_version,
                signed_at = excluded.signed_at WHERE text_version <> excluded.text_version
                """, arguments: [workspace, account, textVersion, now])
    }
}

extension WeirError {
    static func noFreePort(_ range: ClosedRange<Int>) -> WeirError {
        WeirError(
            "no_free_port", .unavailable, subject: "port", rule: "INF-04",
            LocalizedText("All external ports (\(range.lowerBound)–\(range.upperBound)) are in use.", zh: "外部端口已用尽。"),
            remedy: LocalizedText("Stop a service, or ask the operator for a larger range.", zh: "请停止其他服务或联系运营管理员。"))
    }
}
