import GRDB
public import WeirModel

/// A line of the record from which each decision of the queue can be made again: a whole state, or what happened since.
public struct SchedulingRecord: Hashable, Sendable {
    public enum Kind: String, Sendable {
        case snapshot, turn
    }

    public var sequence: Int64
    public var at: Timestamp
    public var kind: Kind
    /// JSON.
    public var document: String

    init(_ row: Row) throws {
        sequence = row["sequence"]
        at = row["at"]
        kind = try row.raw("kind")
        document = row["document"]
    }
}

extension Reading {
    /// The newest whole state, and all that happened after it.
    public func schedulingSinceSnapshot() throws -> [SchedulingRecord] {
        try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT * FROM scheduling_record WHERE sequence >=
                        (SELECT max(sequence) FROM scheduling_record WHERE kind = 'snapshot')
                    ORDER BY sequence
                    """)
        ).map(SchedulingRecord.init)
    }

    /// The lines after a position, in portions.
    public func schedulingRecords(after sequence: Int64, limit: Int) throws -> [SchedulingRecord] {
        try Row.fetchAll(
            db.cachedStatement(sql: "SELECT * FROM scheduling_record WHERE sequence > ? ORDER BY sequence LIMIT ?"),
            arguments: [sequence, limit]
        ).map(SchedulingRecord.init)
    }
}

extension Writing {
    public func record(_ kind: SchedulingRecord.Kind, _ document: String, at now: Timestamp) throws {
        try db.cachedStatement(sql: "INSERT INTO scheduling_record (at, kind, document) VALUES (?, ?, ?)")
            .execute(arguments: [now, kind.rawValue, document])
    }

    /// Removes what is older, but for the last whole state before it, from which the rest goes on.
    public func forgetScheduling(before moment: Timestamp) throws {
        try db.execute(
            sql: """
                DELETE FROM scheduling_record WHERE sequence <
                    (SELECT max(sequence) FROM scheduling_record WHERE kind = 'snapshot' AND at < ?)
                """, arguments: [moment])
    }
}
