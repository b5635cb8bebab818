public import NIOCore
public import WeirModel
import WeirStore

/// Somebody's way into one folder: each that adds to it holds its bytes against the quotas before it takes them (QUO-03, STO-11), and a
/// draft is there and is not made a version while something comes into it (DAT-06, DAT-08).
public struct Intake: Sendable {
    public let folder: StoredFolder
    let place: StoragePlace
    let files: FileStore
    let reservations: StorageReservations
    /// Nil for code, which knows no turns.
    let turn: DraftTurn?

    /// A file whose name was typed, or uploaded in the web.
    /// - Parameter announced: the bytes that are going to come, where the sender says so. Throws `file_too_large`, `storage_quota`.
    @discardableResult
    public func write<Body: AsyncSequence>(
        _ body: Body, at path: FilePath, announced: Bytes? = nil, limit: Bytes? = nil, if condition: FileCondition? = nil
    ) async throws -> Bytes where Body.Element == ByteBuffer {
        try await files.requireTyped(path, in: folder)
        // Before it is held: whoever announces more than can be counted breaks no sum.
        let most = limit ?? files.webLimits.size
        if let announced, announced > most { throw WeirError.fileTooLarge(path.text, limit: most) }
        return try await taking { hold in
            if let announced, announced > 0 { try await hold.grow(by: announced) }
            return try await files.write(body, to: folder, at: path, limit: limit, if: condition, holding: hold)
        }
    }

    public func unpack(
        _ archive: FilePath, into destination: FilePath, charset: ArchiveCharset? = nil
    ) async throws -> Unpacked {
        try await taking { try await files.unpack(archive, in: folder, into: destination, charset: charset, holding: $0) }
    }

    public func delete(_ path: FilePath) async throws { try await files.delete(folder, at: path) }

    public func entry(_ path: FilePath) async throws -> FileEntry? { try await files.entry(folder, at: path) }

    func taking<Result: Sendable>(_ body: (StorageHold) async throws -> Result) async throws -> Result {
        guard let turn else { return try await reservations.holding(place, body) }
        return try await turn.taking { try await reservations.holding(place, body) }
    }
}
