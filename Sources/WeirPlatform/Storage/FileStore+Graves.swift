public import Logging
public import WeirModel

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
    func bury(_ name: EntryName, of parent: OpenFolder, in volume: StorageVolume) throws -> Grave {
        let grave = Grave(volume: volume, name: stagingName("removed"))
        try parent.rename(name, to: open(.graves, of: volume), as: grave.name)
        return grave
    }

    /// Frees what is in a grave.
    func clear(_ grave: Grave) async {
        do {
            try await clear(grave, within: Self.longestClearing)
        } catch {
            bell.ring()
        }
    }

    /// Takes away what was being made in the staging of a volume, whatever stands in it by now.
    func takeAway(_ name: EntryName, in volume: StorageVolume) async {
        let grave: Grave? = try? await blocking {
            let staging = try open(.staging, of: volume)
            guard let status = try staging.status(name) else { return nil }
            if status.kind == .folder { return try bury(name, of: staging, in: volume) }
            try staging.remove(name)
            return nil
        }
        if let grave { await clear(grave) }
    }

    private func clear(_ grave: Grave, within limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        while try await blocking({
            let graves = try open(.graves, of: grave.volume)
            guard try graves.status(grave.name)?.kind == .folder else {
                try graves.remove(grave.name)
                return false
            }
            return try graves.removeSome(of: grave.name, most: Self.walkSlice)
        }) {
            try Task.checkCancellation()
            guard ContinuousClock.now < deadline else { throw ClearingTakesLong() }
        }
    }

    private struct ClearingTakesLong: Error {}

    /// Frees what is in the graves of the volumes that are open. What cannot be removed is put aside, so that it is looked at by a person
    /// and never again by Weir.
    public func clearGraves(logger: Logger) async throws {
        for volume in volumes.all {
            try await clearGraves(of: volume) { grave, error in
                logger.error(
                    "what was deleted cannot be removed and is put aside",
                    metadata: ["folder": "\(layout.path(of: .lost, in: volume))/\(grave.text)", "error": "\(error)"])
            }
        }
    }

    func clearGraves(of volume: StorageVolume, whenLost: (EntryName, any Error) -> Void = { _, _ in }) async throws {
        var isOver = false
        while !isOver {
            isOver = true
            for name in try await blocking({ try open(.graves, of: volume).names() }) {
                do {
                    try await clear(Grave(volume: volume, name: name), within: Self.longestClearing)
                } catch is ClearingTakesLong {
                    isOver = false
                } catch let error where !(error is CancellationError) {
                    whenLost(name, error)
                    try await blocking { try open(.graves, of: volume).rename(name, to: open(.lost, of: volume), as: name) }
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
                try await clearOlder()
            } catch {
                if Task.isCancelled { return }
                logger.error("the graves cannot be cleared", metadata: ["error": "\(error)"])
            }
        }
    }

    /// The volumes in which something was put aside because it cannot be removed.
    public func volumesWithLost() async throws -> [StorageVolume] {
        try await blocking { try volumes.all.filter { try !open(.lost, of: $0).names(most: 1).isEmpty } }
    }
}

/// What was deleted and still takes space.
struct Grave: Hashable, Sendable {
    let volume: StorageVolume
    let name: EntryName
}
