import GRDB

/// The database. Reads run side by side on a snapshot; writes are grouped, so that many small transactions share one
/// sync to the disk and each is durable when it returns (synchronous=FULL).
public final class Store: Sendable {
    private let pool: DatabasePool
    private let committer: GroupCommitter

    /// Opens the database at `path`, makes it when it is not there, and brings its tables up to date.
    public init(path: String) throws {
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
        committer = GroupCommitter(pool: pool)
    }

    public func close() throws { try pool.close() }

    /// Runs queries on one unchanging state of the database.
    public func read<T: Sendable>(_ body: @escaping @Sendable (Reading) throws -> T) async throws -> T {
        try await pool.read { db in try body(Reading(db: db)) }
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
