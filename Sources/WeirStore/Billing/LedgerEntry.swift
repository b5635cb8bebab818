public import Foundation
public import GRDB
public import WeirModel

/// One line of the ledger; never changed.
@dynamicMemberLookup
public struct LedgerEntry: Hashable, Sendable {
    /// Counts from 1 without gaps.
    public let sequence: Int64
    public let at: Timestamp
    public let posting: Posting
    /// Over the entry and the hash before it.
    public let hash: Data

    public subscript<Value>(dynamicMember member: KeyPath<Posting, Value>) -> Value { posting[keyPath: member] }

    public init(sequence: Int64, at: Timestamp, posting: Posting, hash: Data) {
        self.sequence = sequence
        self.at = at
        self.posting = posting
        self.hash = hash
    }

    /// Throws `CorruptColumn` for what Weir never wrote.
    init(_ row: Row) throws {
        sequence = try row.need("sequence")
        at = try row.need("at")
        hash = try row.need("hash")
        var run: RunIdentity?
        if let workload: Identifier<Workload> = try row.take("workload") {
            run = RunIdentity(workload: workload, number: try row.need("run"))
        }
        var minutes: ChargedMinutes?
        if let before: Int64 = try row.take("minutes_before") {
            minutes = ChargedMinutes(
                before: before, after: try row.need("minutes_after"), corrections: try row.need("corrections"),
                end: try row.take("run_ended_at"))
        }
        posting = Posting(
            workspace: try row.need("workspace"), kind: try row.raw("kind"), counter: try row.raw("counter"),
            amount: Points(micro: try row.need("amount")), key: try row.need("key"), month: try row.take("month"),
            project: try row.take("project"), account: try row.take("account"), run: run, minutes: minutes,
            basis: try row.take("basis"), actor: try row.take("actor"), reference: try row.take("reference"),
            note: try row.take("note"))
    }

    /// The hash that the entry must have after the one before it.
    public func expectedHash(after head: LedgerHead) -> Data { PreparedPosting(posting).hash(after: head, at: at) }
}

extension BillMonth: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { description.databaseValue }

    public static func fromDatabaseValue(_ value: DatabaseValue) -> Self? {
        String.fromDatabaseValue(value).flatMap { Self($0) }
    }
}

extension Row {
    /// A column that cannot be trusted to hold what Weir wrote: reading it never ends the process.
    func take<Value: DatabaseValueConvertible>(_ column: String) throws -> Value? {
        let value: DatabaseValue = self[column]
        if value.isNull { return nil }
        guard let taken = Value.fromDatabaseValue(value) else { throw CorruptColumn(column: column, value: "\(value)") }
        return taken
    }

    func need<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        guard let value: Value = try take(column) else { throw CorruptColumn(column: column, value: "NULL") }
        return value
    }
}
