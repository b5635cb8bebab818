public import WeirEngine
public import WeirModel
import WeirStore

/// What instances wrote, kept after they are gone (TRN-10).
public struct Logs: Sendable {
    public static let mostAtOnce = 5000
    let store: Store
    let layout: StorageLayout

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
            let workload = try db.workload(id, for: caller, .seeWorkspace)
            guard let instance else {
                return try db.instances(of: workload.id, run: workload.run).max { $0.createdAt < $1.createdAt }
            }
            guard let record = try db.instance(instance), record.workload == workload.id else {
                throw WeirError.notFound("instance")
            }
            return record
        }
    }

    /// A part of the log from a byte offset on; a negative one counts from the end. Empty before the first start.
    public func read(
        of id: Identifier<Workload>, instance: Identifier<Instance>? = nil, from offset: Int64, limit: Int,
        for caller: Caller
    ) async throws -> Part {
        guard let instance = try await self.instance(instance, of: id, for: caller) else {
            return Part(instance: nil, records: [], next: 0, isEnded: false)
        }
        let log = InstanceLog(path: layout.log(of: instance.id, id))
        let start = try await log.start(at: offset)
        let page = try await log.read(from: start, limit: min(max(limit, 1), Self.mostAtOnce))
        return Part(
            instance: instance.id, records: page.records, next: page.next,
            isEnded: instance.endedAt != nil && !page.more)
    }

    /// The log from an offset on and then as it is written, until the instance has ended.
    public func follow(
        of id: Identifier<Workload>, instance: Identifier<Instance>? = nil, from offset: Int64, for caller: Caller
    ) async throws -> AsyncThrowingStream<[LogRecord], any Error> {
        let asked = instance
        guard let instance = try await self.instance(asked, of: id, for: caller)?.id else {
            return AsyncThrowingStream { nil }
        }
        let store = store
        let log = InstanceLog(path: layout.log(of: instance, id))
        return log.follow(from: try await log.start(at: offset)) {
            // A store that cannot be read ends the stream: the client comes back with its offset.
            let record = try? await store.read { try $0.instance(instance) }
            return record?.endedAt != nil || record == nil
        }
    }
}

extension StorageLayout {
    func log(of instance: Identifier<Instance>, _ workload: Identifier<Workload>) -> String {
        logs(of: workload) + "/\(instance).log"
    }
}
