import GRDB
public import WeirModel

/// The database. Reads run side by side on a snapshot; writes are grouped, so that many small transactions share one
/// sync to the disk and each is durable when it returns (synchronous=FULL).
public final class Store: Sendable {
    private let pool: DatabasePool
    private let committer: GroupCommitter
    private let ballast: Ballast

    /// Opens the database at `path`, makes it when it is not there, and brings its tables up to date. `ballast` is set aside on the
    /// disk beside it: at some KiB a change, 64 MiB are hours of logins, deletions and records on a full disk.
    public init(path: String, ballast size: Bytes = 0) throws {
        var configuration = Configuration()
        configuration.maximumReaderCount = 8
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY")
        }
        pool = try DatabasePool(path: path, configuration: configuration)
        try Migrations.all.migrate(pool)
        // The pool sets NORMAL when it turns to WAL; a commit must survive the loss of power. An hour's charges touch a page for each run:
        // the writer keeps 64 MiB of them at hand, and 16 MiB of changes wait for one checkpoint, which writes a page once for all.
        try pool.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA synchronous = FULL; PRAGMA cache_size = -65536; PRAGMA wal_autocheckpoint = 4096")
        }
        ballast = Ballast(path: path + ".ballast", size: size)
        ballast.make()
        committer = GroupCommitter(pool: pool, ballast: ballast)
    }

    /// Whether the disk has been full, and what was set aside for that is used up for now.
    public var isShortOfSpace: Bool { !ballast.isThere }

    /// Sets space aside again, where there is room. Blocks for a moment.
    public func restoreReserve() { ballast.make() }

    public func close() throws { try pool.close() }

    /// Runs queries on one unchanging state of the database.
    public func read<T: Sendable>(_ body: @escaping @Sendable (Reading) throws -> T) async throws -> T {
        try await pool.read { db in try body(Reading(db: db)) }
    }

    /// The same for a thread that may be held: work on files asks between two of its steps.
    public func readBlocking<T>(_ body: (Reading) throws -> T) throws -> T {
        try pool.read { db in try body(Reading(db: db)) }
    }

    /// Runs one transaction: all of it happens and lasts, or none of it.
    public func write<T: Sendable>(_ body: @escaping @Sendable (Writing) throws -> T) async throws -> T {
        try await committer.commit { db in try body(Writing(db: db)) }
    }
}

/// The queries, one file per aggregate.
public struct Reading {
    let db: Database
}

/// The changes, one file per aggregate; what is read here sees them.
public struct Writing {
    let db: Database

    public var read: Reading { Reading(db: db) }
}
