import Foundation
import Synchronization
import TestSupport
import WeirModel
import WeirStore

/// What a job's creation writes, as finished values: the peer pays for SQLite and for nothing else.
struct JobRows: Sendable {
    private let record: WorkloadRecord
    private let spec: String
    private let flavor: String
    private let price: String

    init(like site: Site) throws {
        record = try site.job().0
        let encoder = JSONEncoder()
        spec = String(decoding: try encoder.encode(record.spec), as: UTF8.self)
        flavor = String(decoding: try encoder.encode(record.spec.flavor), as: UTF8.self)
        price = String(decoding: try encoder.encode(Tariff(of: [record.spec.flavor]).price(of: record.spec)), as: UTF8.self)
    }

    /// One for each of `JobWriter.statements`.
    func next(at now: Timestamp) -> [[RawDatabase.Value]] {
        let id = RandomIdentifiers().next(Workload.self, at: now).text
        let time = RawDatabase.Value.number(now.milliseconds)
        let workspace = RawDatabase.Value.text(record.workspace.text)
        return [
            [
                .text(id), .text("job"), workspace, .text(record.project.text), .text("job-\(id)"), .text("job-\(id)"),
                .text(""), .text(record.createdBy.text), time, .text(spec), .text(record.secret), .text("running"),
                .text("queued"), time, .number(1),
            ],
            [.text(id), .number(1), .text(flavor), .number(1), .text(record.spec.image.digest), .number(1), .text(price), time],
            [
                .text(id), workspace, .number(1), time, .null, .text("queued"), .text("submitted"),
                .text(record.createdBy.text), .null,
            ],
        ]
    }
}

/// The bare loop's transaction; belongs to one thread.
final class JobWriter {
    private static let statements = [
        """
        INSERT INTO workload (id, kind, workspace, project, name, name_key, description, created_by, created_at,
        spec, secret, wanted, state, state_since, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
        """
        INSERT INTO run (workload, number, flavor, replicas, image_digest, tariff, price, queued_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """,
        """
        INSERT INTO transition (workload, workspace, run, at, before, state, cause, actor, detail)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
    ]
    private let database: RawDatabase
    private let prepared: [RawDatabase.Statement]

    init(path: String) throws {
        let database = try RawDatabase(path: path)
        self.database = database
        prepared = try Self.statements.map { try database.prepare($0) }
    }

    func commit(_ jobs: [[[RawDatabase.Value]]]) throws {
        try database.execute("BEGIN IMMEDIATE")
        for job in jobs {
            for (statement, values) in zip(prepared, job) { try statement.run(values) }
        }
        try database.execute("COMMIT")
    }
}

/// The bare loop: one thread that commits all that waits in one transaction, then wakes those who waited.
final class BareCommitter: Sendable {
    private struct State {
        var waiting: [([[RawDatabase.Value]], CheckedContinuation<Void, any Error>)] = []
        var isOver = false
    }

    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(path: String) {
        Thread {
            var writer: JobWriter?
            while true {
                self.bell.wait()
                let (group, isOver) = self.state.withLock { state in
                    defer { state.waiting = [] }
                    return (state.waiting, state.isOver)
                }
                if isOver { break }
                if group.isEmpty { continue }
                let result = Result {
                    let open = try writer ?? JobWriter(path: path)
                    writer = open
                    try open.commit(group.map(\.0))
                }
                for member in group { member.1.resume(with: result) }
            }
            self.ended.signal()
        }.start()
    }

    func commit(_ rows: [[RawDatabase.Value]]) async throws {
        try await withCheckedThrowingContinuation { continuation in
            state.withLock { $0.waiting.append((rows, continuation)) }
            bell.signal()
        }
    }

    func end() async {
        state.withLock { $0.isOver = true }
        bell.signal()
        _ = try? await Threads.run { self.ended.wait() }
    }
}
