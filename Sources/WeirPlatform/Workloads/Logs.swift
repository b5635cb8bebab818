public import WeirEngine
public import WeirModel
import WeirStore

/// What instances wrote, kept after they are gone (TRN-10).
public struct Logs: Sendable {
    public static let mostAtOnce = 5000
    let store: Store
    let layout: StorageLayout

    /// The instance whose log is meant: the one named, else the newest of the current run.
    public func instance(
        _ instance: Identifier<Instance>?, of id: Identifier<Workload>, for caller: Caller
    ) async throws -> Identifier<Instance>? {
        try await store.read { db in
            let workload = try db.workload(id, for: caller, .seeWorkspace)
            guard let instance else {
                return try db.instances(of: workload.id, run: workload.run).max { $0.createdAt < $1.createdAt }?.id
            }
            guard let record = try db.instance(instance), record.workload == workload.id else {
                throw WeirError.notFound("instance")
            }
            return record.id
        }
    }

    /// A part of the log from a byte offset on; the last lines when there is no offset. Empty before the first start.
    public func read(
        of id: Identifier<Workload>, instance: Identifier<Instance>? = nil, from offset: Int64?, limit: Int,
        for caller: Caller
    ) async throws -> InstanceLog.Page {
        let instance = try await self.instance(instance, of: id, for: caller)
        let limit = min(max(limit, 1), Self.mostAtOnce)
        // Before the first start there is no file, which reads as empty.
        let log = InstanceLog(path: instance.map { layout.log(of: $0, id) } ?? "/nonexistent")
        guard let offset else { return try await log.tail(limit: limit) }
        return try await log.read(from: offset, limit: limit)
    }

    /// The log from an offset on and then as it is written, until the instance has ended.
    public func follow(
        of id: Identifier<Workload>, instance: Identifier<Instance>? = nil, from offset: Int64, for caller: Caller
    ) async throws -> AsyncThrowingStream<[LogRecord], any Error> {
        let asked = instance
        guard let instance = try await self.instance(asked, of: id, for: caller) else {
            return AsyncThrowingStream { nil }
        }
        let store = store
        return InstanceLog(path: layout.log(of: instance, id)).follow(from: offset) {
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
