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

    /// The table's columns in its order. A query that reads entries has them first, by `*`.
    private enum Column: Int, CaseIterable {
        case sequence, workspace, kind, counter, amount, key, at, month, project, account, workload, run
        case minutesBefore, minutesAfter, corrections, runEndedAt, basis, actor, reference, note, hash, runStartedAt
    }

    static let columnCount = Column.allCases.count

    /// Reads the first columns of the row, which are the table's. Throws `CorruptColumn` for what Weir never wrote.
    init(_ row: Row) throws {
        func take<Value: DatabaseValueConvertible>(_ column: Column) throws -> Value? { try row.take(place: column.rawValue) }
        func need<Value: DatabaseValueConvertible>(_ column: Column) throws -> Value {
            guard let value: Value = try take(column) else { throw CorruptColumn(column: "\(column)", value: "NULL") }
            return value
        }
        func raw<Value: RawRepresentable>(_ column: Column) throws -> Value where Value.RawValue == String {
            let text: String = try need(column)
            guard let value = Value(rawValue: text) else { throw CorruptColumn(column: "\(column)", value: text) }
            return value
        }
        sequence = try need(.sequence)
        at = try need(.at)
        hash = try need(.hash)
        var run: RunIdentity?
        if let workload: Identifier<Workload> = try take(.workload) {
            run = RunIdentity(workload: workload, number: try need(.run))
        }
        var minutes: ChargedMinutes?
        if let before: Int64 = try take(.minutesBefore) {
            minutes = ChargedMinutes(
                start: try take(.runStartedAt), before: before, after: try need(.minutesAfter), corrections: try need(.corrections),
                end: try take(.runEndedAt))
        }
        posting = Posting(
            workspace: try need(.workspace), kind: try raw(.kind), counter: try raw(.counter),
            amount: Points(micro: try need(.amount)), key: try need(.key), month: try take(.month), project: try take(.project),
            account: try take(.account), run: run, minutes: minutes, basis: try take(.basis), actor: try take(.actor),
            reference: try take(.reference), note: try take(.note))
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

    /// The same by the column's place, counted from 0.
    func take<Value: DatabaseValueConvertible>(place: Int) throws -> Value? {
        let value: DatabaseValue = self[place]
        if value.isNull { return nil }
        guard let taken = Value.fromDatabaseValue(value) else { throw CorruptColumn(column: "\(place)", value: "\(value)") }
        return taken
    }

    func need<Value: DatabaseValueConvertible>(_ column: String) throws -> Value {
        guard let value: Value = try take(column) else { throw CorruptColumn(column: column, value: "NULL") }
        return value
    }
}
