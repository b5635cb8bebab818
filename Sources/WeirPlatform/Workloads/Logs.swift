import Glibc
public import WeirEngine
public import WeirModel
import WeirStore

/// What instances wrote, kept after they are gone (TRN-10).
public struct Logs: Sendable {
    public static let mostAtOnce = 5000
    let store: Store
    let layout: StorageLayout
    let signals: WorkloadSignals

    /// Some lines of a log, and where the next ones begin.
    public struct Part: Sendable {
        /// Nil while the workload has none.
        public let instance: Identifier<Instance>?
        public let records: [LogRecord]
        public let next: Int64
        /// The instance has ended, and these are its last lines.
        public let isEnded: Bool
    }

    /// The instance whose log is meant: the one named, else the newest of the current run.
    private func instance(
        _ instance: Identifier<Instance>?, of id: Identifier<Workload>, for caller: Caller
    ) async throws -> InstanceRecord? {
        try await store.read { db in
            let workload = try db.workload(id, for: caller, .readLog)
            guard let instance else {
                return try db.instances(of: workload.id, run: workload.run).max { $0.createdAt < $1.createdAt }
            }
            guard let record = try db.instance(instance), record.workload == workload.id else {
                throw WeirError.notFound("instance")
            }
            return record
        }
    }

    private func path(of instance: Identifier<Instance>, _ workload: Identifier<Workload>) async throws -> String {
        guard let workspace = try await store.read({ try $0.workspace(ofWorkload: workload) }) else { throw WeirError.notFound("workload") }
        return layout.log(of: instance, workload, in: workspace)
    }

    /// A part of the log from a byte offset on; a negative one counts from the end. Empty before the first start.
    public func read(
        of id: Identifier<Workload>, instance: Identifier<Instance>? = nil, from offset: Int64, limit: Int,
        for caller: Caller
    ) async throws -> Part {
        guard let instance = try await self.instance(instance, of: id, for: caller) else {
            return Part(instance: nil, records: [], next: 0, isEnded: false)
        }
        let log = InstanceLog(path: try await path(of: instance.id, id))
        let start = try await log.start(at: offset)
        let page = try await log.read(from: start, limit: min(max(limit, 1), Self.mostAtOnce), isOver: instance.endedAt != nil)
        return Part(
            instance: instance.id, records: page.records, next: page.next,
            isEnded: instance.endedAt != nil && !page.more)
    }

    /// The log from an offset on and then as it is written, until the instance has ended. Waits for the first instance of
    /// a workload that is still queued; ends at once when there will be none.
    public func follow(
        of id: Identifier<Workload>, instance asked: Identifier<Instance>? = nil, from offset: Int64, for caller: Caller
    ) async throws -> AsyncThrowingStream<[LogRecord], any Error> {
        let opening = Opening(found: try await self.instance(asked, of: id, for: caller)?.id)
        return AsyncThrowingStream {
            if let follower = await opening.follower { return try await follower.next() }
            guard let instance = try await firstInstance(opening, of: id, for: caller) else { return nil }
            let store = store
            let log = InstanceLog(path: try await path(of: instance, id))
            let follower = LogFollower(log, from: try await log.start(at: offset)) {
                // A store that cannot be read ends the stream: the client comes back with its offset.
                let record = try? await store.read { try $0.instance(instance) }
                return record?.endedAt != nil || record == nil
            }
            await opening.open(follower)
            return try await follower.next()
        }
    }

    /// Says when it is to be asked anew whether the log may be read: whatever happens in its workspace.
    public func changes(of id: Identifier<Workload>, for caller: Caller) async throws -> AsyncStream<Void> {
        signals.changes(in: try await store.read { try $0.workload(id, for: caller, .readLog) }.workspace)
    }

    /// Throws when the log may not be read. Of a workload that has gone nothing is asked: its log ends by itself.
    public func requireReading(of id: Identifier<Workload>, for caller: Caller) async throws {
        try await store.read { db in
            guard try db.workload(id) != nil else { return }
            _ = try db.workload(id, for: caller, .readLog)
        }
    }

    private func firstInstance(
        _ opening: Opening, of id: Identifier<Workload>, for caller: Caller
    ) async throws -> Identifier<Instance>? {
        if let found = opening.found { return found }
        let workload = try await store.read { try $0.workload(id, for: caller, .readLog) }
        let changes = signals.changes(in: workload.workspace)
        var rings = changes.makeAsyncIterator()
        repeat {
            // The state first: whatever follows on queued has its instances in the same transaction.
            let isQueued = try await store.read { try $0.workload(id)?.state == .queued }
            if let instance = try await instance(nil, of: id, for: caller) { return instance.id }
            guard isQueued else { return nil }
        } while await rings.next() != nil
        return nil
    }

    /// What a stream of a log knows when it is pulled again.
    private actor Opening {
        let found: Identifier<Instance>?
        private(set) var follower: LogFollower?

        init(found: Identifier<Instance>?) { self.found = found }

        func open(_ follower: LogFollower) { self.follower = follower }
    }
}

extension StorageLayout {
    func log(of instance: Identifier<Instance>, _ workload: Identifier<Workload>, in workspace: Identifier<Workspace>) -> String {
        let older = olderLogs(of: workload) + "/\(instance).log"
        return access(older, F_OK) == 0 ? older : logs(of: workload, in: workspace) + "/\(instance).log"
    }
}
