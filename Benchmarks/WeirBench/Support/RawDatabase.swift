import Foundation
import GRDBSQLite

/// SQLite without anything around it; belongs to one thread.
final class RawDatabase {
    enum Value {
        case text(String)
        case number(Int64)
        case bytes([UInt8])
        case null
    }

    private let handle: OpaquePointer
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    init(path: String) throws {
        var opened: OpaquePointer?
        guard sqlite3_open(path, &opened) == SQLITE_OK, let opened else {
            throw Tool.Failure(description: "cannot open \(path)")
        }
        handle = opened
        sqlite3_busy_timeout(handle, 20_000)
        try execute("PRAGMA synchronous = FULL; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY")
    }

    deinit { sqlite3_close_v2(handle) }

    func execute(_ sql: String) throws {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure(sql) }
    }

    func prepare(_ sql: String) throws -> Statement {
        var statement: OpaquePointer?
        guard sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil) == SQLITE_OK, let statement
        else { throw failure(sql) }
        return Statement(handle: statement, database: self)
    }

    /// Reads all rows and all their columns, and counts the rows.
    func readAll(_ sql: String) throws -> Int {
        let statement = try prepare(sql)
        var count = 0
        while try statement.step() { count += 1 }
        return count
    }

    private func failure(_ sql: String) -> Tool.Failure {
        Tool.Failure(description: "\(String(cString: sqlite3_errmsg(handle))) in \(sql)")
    }

    final class Statement {
        private let handle: OpaquePointer
        private let database: RawDatabase

        init(handle: OpaquePointer, database: RawDatabase) {
            self.handle = handle
            self.database = database
        }

        deinit { sqlite3_finalize(handle) }

        func run(_ values: [Value]) throws {
            for (index, value) in values.enumerated() {
                let place = Int32(index + 1)
                switch value {
                case .text(let text): sqlite3_bind_text(handle, place, text, -1, RawDatabase.copied)
                case .number(let number): sqlite3_bind_int64(handle, place, number)
                case .bytes(let bytes): sqlite3_bind_blob(handle, place, bytes, Int32(bytes.count), RawDatabase.copied)
                case .null: sqlite3_bind_null(handle, place)
                }
            }
            while try step() {}
            sqlite3_reset(handle)
        }

        /// Makes one step and reads the row's columns; false at the end.
        func step() throws -> Bool {
            switch sqlite3_step(handle) {
            case SQLITE_ROW:
                for column in 0..<sqlite3_column_count(handle) { _ = sqlite3_column_text(handle, column) }
                return true
            case SQLITE_DONE: return false
            default: throw database.failure("a statement")
            }
        }
    }
}
