public import Logging
import WeirModel

/// Wakes whoever clears the graves when something was left in one.
final class GraveBell: Sendable {
    let rings: AsyncStream<Void>
    private let ringer: AsyncStream<Void>.Continuation

    init() { (rings, ringer) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func ring() { ringer.yield() }
}

/// What is deleted goes away at once, by a renaming, and its files are removed then: a crash leaves a whole folder or none, and however
/// much or deep it is, nothing waits for it at the next start.
extension FileStore {
    /// How long the one who deletes waits for the space; what is left then is cleared beside.
    static let longestClearing = Duration.seconds(60)

    /// Takes an entry out of its folder; `clear` frees what it takes on the disk.
    func bury(_ name: EntryName, of parent: OpenFolder) throws -> EntryName {
        let grave = stagingName("removed")
        try parent.rename(name, to: graves(), as: grave)
        return grave
    }

    /// Frees what is in a grave.
    func clear(_ grave: EntryName) async {
        do {
            try await clear(grave, within: Self.longestClearing)
        } catch {
            bell.ring()
        }
    }

    /// Takes away what was being made in staging, whatever stands in it by now.
    func takeAway(_ name: EntryName) async {
        let grave: EntryName? = try? await blocking {
            let staging = try staging()
            guard let status = try staging.status(name) else { return nil }
            if status.kind == .folder { return try bury(name, of: staging) }
            try staging.remove(name)
            return nil
        }
        if let grave { await clear(grave) }
    }

    private func clear(_ grave: EntryName, within limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        while try await blocking({
            let graves = try graves()
            guard try graves.status(grave)?.kind == .folder else {
                try graves.remove(grave)
                return false
            }
            return try graves.removeSome(of: grave, most: Self.walkSlice)
        }) {
            try Task.checkCancellation()
            guard ContinuousClock.now < deadline else { throw ClearingTakesLong() }
        }
    }

    private struct ClearingTakesLong: Error {}

    /// Takes out of the way what a killed process left behind, at the start, before anything is stored; `clearGraves` frees it. False when
    /// there was nothing.
    @discardableResult
    public func recover() async throws -> Bool {
        try await blocking {
            guard try !staging().names(most: 1).isEmpty else { return false }
            let root = try OpenFolder(trusted: layout.root)
            let staging = EntryName(StorageLayout.stagingName)
            _ = try bury(staging, of: root)
            try root.makeFolder(staging)
            return true
        }
    }

    /// Frees what is in the graves. What cannot be removed is put aside, so that it is looked at by a person and never again by Weir.
    public func clearGraves(logger: Logger) async throws {
        var isOver = false
        while !isOver {
            isOver = true
            for grave in try await blocking({ try graves().names() }) {
                do {
                    try await clear(grave, within: Self.longestClearing)
                } catch is ClearingTakesLong {
                    isOver = false
                } catch let error where !(error is CancellationError) {
                    logger.error(
                        "what was deleted cannot be removed and is put aside",
                        metadata: ["folder": "\(layout.lost)/\(grave.text)", "error": "\(error)"])
                    try await blocking { try graves().rename(grave, to: OpenFolder(trusted: layout.lost), as: grave) }
                }
            }
        }
    }

    /// Clears again each time that something was left.
    func clearGravesForever(logger: Logger) async {
        bell.ring()
        for await _ in bell.rings {
            do {
                try await clearGraves(logger: logger)
            } catch {
                if Task.isCancelled { return }
                logger.error("the graves cannot be cleared", metadata: ["error": "\(error)"])
            }
        }
    }

    /// How many things were put aside because they cannot be removed.
    public func lostCount() async throws -> Int { try await blocking { try OpenFolder(trusted: layout.lost).names().count } }

    private func graves() throws -> OpenFolder { try OpenFolder(trusted: layout.graves) }
}
