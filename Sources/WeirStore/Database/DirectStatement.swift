import GRDB
import GRDBSQLite
import WeirModel

/// A prepared statement without anything around its values, for the few that are made tens of thousands of times in an hour.
/// Belongs to the one access to the database in which it was made.
struct DirectStatement {
    private let statement: Statement
    private let handle: OpaquePointer
    /// SQLite copies what it is given: it need not live until the step.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    /// The statement is prepared once for each connection.
    init(_ db: Database, sql: String) throws {
        statement = try db.cachedStatement(sql: sql)
        handle = statement.sqliteStatement
    }

    // MARK: Values, counted from 1

    func bind(_ text: String, at place: Int32) {
        var text = text
        text.withUTF8 { bytes in
            _ = bytes.withMemoryRebound(to: CChar.self) { sqlite3_bind_text(handle, place, $0.baseAddress, Int32($0.count), Self.copied) }
        }
    }

    func bind(_ number: Int64, at place: Int32) { sqlite3_bind_int64(handle, place, number) }

    func bind(_ number: Int64?, at place: Int32) {
        if let number { bind(number, at: place) } else { bindNull(at: place) }
    }

    func bind(_ text: String?, at place: Int32) {
        if let text { bind(text, at: place) } else { bindNull(at: place) }
    }

    func bindNull(at place: Int32) { sqlite3_bind_null(handle, place) }

    /// The bytes must stay where they are until the statement has been run.
    func bindText(kept bytes: UnsafeRawBufferPointer, at place: Int32) {
        // A text without characters is not NULL: it needs an address.
        guard let start = bytes.baseAddress else { return bind("", at: place) }
        sqlite3_bind_text(handle, place, start.assumingMemoryBound(to: CChar.self), Int32(bytes.count), nil)
    }

    /// The bytes must stay where they are until the statement has been run.
    func bindBlob(kept bytes: UnsafeRawBufferPointer, at place: Int32) {
        sqlite3_bind_blob(handle, place, bytes.baseAddress, Int32(bytes.count), nil)
    }

    // MARK: Running

    /// Runs a statement that gives no rows, and forgets its values.
    func run() throws {
        defer { end() }
        guard sqlite3_step(handle) == SQLITE_DONE else { throw failure() }
    }

    /// Calls `body` for each row, and forgets the values.
    func each(_ body: () throws -> Void) throws {
        defer { end() }
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: try body()
            case SQLITE_DONE: return
            default: throw failure()
            }
        }
    }

    private func end() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    private func failure() -> DatabaseError {
        let db = sqlite3_db_handle(handle)
        return DatabaseError(
            resultCode: ResultCode(rawValue: sqlite3_extended_errcode(db)), message: String(cString: sqlite3_errmsg(db)),
            sql: statement.sql)
    }

    // MARK: Columns of the row, counted from 0

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func number(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func moment(_ column: Int32) -> Timestamp? { isNull(column) ? nil : Timestamp(milliseconds: number(column)) }

    /// The UTF-8 of a text; valid until the next row.
    func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_text(handle, column)
        return UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, column)))
    }

    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }

    /// Throws `CorruptColumn` for what is no such identifier.
    func id<Subject>(_ column: Int32) throws -> Identifier<Subject> {
        let text = text(column)
        guard let id = Identifier<Subject>(text) else { throw CorruptColumn(column: "\(column)", value: text) }
        return id
    }
}
