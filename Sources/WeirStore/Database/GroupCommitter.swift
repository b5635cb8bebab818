import Dispatch
import GRDB
import Synchronization
import WeirModel

/// Runs the transactions that wait as savepoints of one, so that they share one sync to the disk.
///
/// A transaction that throws is rolled back alone; its neighbours stand. Nobody is told of success before the sync.
final class GroupCommitter: Sendable {
    /// A group that grew without bound would make its first member wait for its last.
    static let mostInGroup = 256

    private typealias Outcome = () -> Void
    private struct Member: Sendable {
        /// Runs the body in a savepoint; returns what to tell the caller if the group is committed. Throws when there is no
        /// transaction left in which the others could run.
        let run: @Sendable (Database) throws -> @Sendable () -> Void
        let fail: @Sendable (any Error) -> Void
    }

    private let pool: DatabasePool
    private let ballast: Ballast
    private let queue = DispatchQueue(label: "weir.store.commit")
    private let waiting = Mutex<[Member]>([])

    init(pool: DatabasePool, ballast: Ballast) {
        self.pool = pool
        self.ballast = ballast
    }

    func commit<T: Sendable>(_ body: @escaping @Sendable (Database) throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
            let member = Member(
                run: { db in
                    do {
                        let result = try Self.alone(db, body)
                        return { continuation.resume(returning: result) }
                    } catch let error as DatabaseError where error.isOfDisk || !db.isInsideTransaction {
                        throw error
                    } catch {
                        return { continuation.resume(throwing: error) }
                    }
                },
                fail: { continuation.resume(throwing: $0) })
            let isFirst = waiting.withLock { waiting in
                waiting.append(member)
                return waiting.count == 1
            }
            if isFirst { queue.async { self.commitGroups() } }
        }
    }

    /// In a savepoint by statements that are prepared once: GRDB's own prepares them for each.
    private static func alone<T>(_ db: Database, _ body: (Database) throws -> T) throws -> T {
        try db.cachedStatement(sql: "SAVEPOINT member").execute()
        do {
            let result = try body(db)
            try db.cachedStatement(sql: "RELEASE member").execute()
            return result
        } catch {
            // On a full disk, SQLite may have rolled everything back by itself.
            guard db.isInsideTransaction else { throw error }
            try db.cachedStatement(sql: "ROLLBACK TO member").execute()
            try db.cachedStatement(sql: "RELEASE member").execute()
            throw error
        }
    }

    /// Only the member that found the list empty schedules a drain, so the list is emptied here to the last.
    private func commitGroups() {
        while true {
            let group = waiting.withLock { Array($0.prefix(Self.mostInGroup)) }
            if group.isEmpty { return }
            commit(group)
            let isEmpty = waiting.withLock { waiting in
                waiting.removeFirst(group.count)
                return waiting.isEmpty
            }
            if isEmpty { return }
        }
    }

    private func commit(_ group: [Member]) {
        do {
            try run(group)
        } catch let error as DatabaseError where ballast.isFull(error) {
            // Nothing of the group stands: it may be tried again as it is.
            do {
                guard ballast.giveUp() else { throw error }
                try run(group)
            } catch {
                let told: any Error = ballast.isFull(error) ? WeirError.diskFull() : error
                for member in group { member.fail(told) }
            }
        } catch {
            for member in group { member.fail(error) }
        }
    }

    /// Tells nobody anything when it throws.
    private func run(_ group: [Member]) throws {
        var outcomes: [@Sendable () -> Void] = []
        try pool.writeWithoutTransaction { db in
            try db.inTransaction(.immediate) {
                outcomes = try group.map { try $0.run(db) }
                return .commit
            }
        }
        for tell in outcomes { tell() }
    }
}
