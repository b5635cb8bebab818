import Foundation
public import GRDB
public import WeirModel

/// How the model's types stand in columns: identifiers as text, moments and sizes as integers, the rest as JSON.
extension Identifier: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { text.databaseValue }

    public static func fromDatabaseValue(_ value: DatabaseValue) -> Self? {
        String.fromDatabaseValue(value).flatMap { Self($0) }
    }
}

extension Timestamp: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { milliseconds.databaseValue }

    public static func fromDatabaseValue(_ value: DatabaseValue) -> Self? {
        Int64.fromDatabaseValue(value).map { Timestamp(milliseconds: $0) }
    }
}

extension TreeName: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { text.databaseValue }

    public static func fromDatabaseValue(_ value: DatabaseValue) -> Self? {
        String.fromDatabaseValue(value).flatMap { Self($0) }
    }
}

extension Bytes: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { count.databaseValue }

    public static func fromDatabaseValue(_ value: DatabaseValue) -> Self? {
        Int64.fromDatabaseValue(value).map { Bytes($0) }
    }
}

extension Row {
    /// What is made of each row while it is read: a row that is kept looks for each column by all of its columns' names.
    static func each<Made>(
        of statement: Statement, arguments: StatementArguments = [], _ make: (Row) throws -> Made
    ) throws -> [Made] {
        let rows = try fetchCursor(statement, arguments: arguments)
        var made: [Made] = []
        while let row = try rows.next() { made.append(try make(row)) }
        return made
    }

    /// A column that holds a raw value of an enum that only Weir writes.
    func raw<Value: RawRepresentable>(_ column: String) throws -> Value where Value.RawValue == String {
        let text: String = self[column]
        guard let value = Value(rawValue: text) else { throw CorruptColumn(column: column, value: text) }
        return value
    }

    func json<Value: Decodable>(_ column: String) throws -> Value {
        let text: String = self[column]
        return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }

    func jsonOrNil<Value: Decodable>(_ column: String) throws -> Value? {
        guard let text: String = self[column] else { return nil }
        return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }
}

extension DatabaseError {
    /// Whether a row could not be written because one with the same value in that column is there.
    func isTaken(_ column: String) -> Bool {
        extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE && message?.contains(column) == true
    }
}

/// The database holds what this version of Weir does not know.
struct CorruptColumn: Error {
    let column: String
    let value: String
}

func jsonText(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
