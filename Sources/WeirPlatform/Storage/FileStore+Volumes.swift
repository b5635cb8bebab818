import Glibc
import Synchronization
import WeirEngine
public import WeirModel

/// The volumes that were opened since the start.
final class OpenVolumes: Sendable {
    private let known = Mutex<Set<StorageVolume>>([])

    var all: Set<StorageVolume> { known.withLock { $0 } }

    /// Runs `prepare` before anybody else has the volume, once.
    func first(_ volume: StorageVolume, _ prepare: () throws -> Void) throws {
        try known.withLock { known in
            guard !known.contains(volume) else { return }
            try prepare()
            known.insert(volume)
        }
    }

    func forget(_ volume: StorageVolume) { _ = known.withLock { $0.remove(volume) } }
}

extension FileStore {
    /// The top of a volume, which is made when it is absent. What an earlier start left in its staging is out of the way then.
    func open(_ volume: StorageVolume) throws -> OpenFolder {
        let path = layout.path(of: volume)
        try wall.open(volume, at: path)
        let top = try OpenFolder(trusted: path)
        try volumes.first(volume) {
            for part in VolumePart.parts(of: volume) { try top.makeFolderIfAbsent(part.name) }
            let graves = try top.folder(VolumePart.graves.name)
            if try !top.folder(VolumePart.staging.name).names(most: 1).isEmpty {
                try top.rename(VolumePart.staging.name, to: graves, as: stagingName("left"))
                try top.makeFolder(VolumePart.staging.name)
            }
            if try !graves.names(most: 1).isEmpty { bell.ring() }
        }
        return top
    }

    func open(_ part: VolumePart, of volume: StorageVolume) throws -> OpenFolder { try open(volume).folder(part.name) }

    /// Throws `not_found` when the folder is absent, unless it is to be made.
    func open(_ folder: StoredFolder, making: Bool = false, owner: UInt32 = 0) throws -> OpenFolder {
        // Nobody gets a volume by looking.
        guard making || isThere(folder.volume) else { throw WeirError.notFound("file") }
        var current = try open(folder.volume)
        for (position, component) in folder.place.enumerated() {
            let name = EntryName(component)
            if making, try current.status(name) == nil {
                try current.makeFolderIfAbsent(name)
                if position == folder.place.count - 1, owner != 0 { try current.folder(name).setOwner(owner, owner) }
            }
            current = try current.folder(name)
        }
        return current
    }

    func isThere(_ volume: StorageVolume) -> Bool { access(layout.path(of: volume), F_OK) == 0 }

    /// Deletes all that a workspace or a person keeps, with the bound that it had. Nothing happens when there is nothing.
    public func remove(_ volume: StorageVolume) async throws {
        guard try await blocking({ isThere(volume) }) else { return }
        if wall is NoWall {
            // A plain folder goes entry by entry, as deep as it is.
            try await blocking {
                let top = try open(volume)
                for name in try top.names() where name != VolumePart.graves.name { _ = try bury(name, of: top, in: volume) }
            }
            try await clearGraves(of: volume)
        }
        try await blocking {
            try wall.remove(volume, at: layout.path(of: volume))
            volumes.forget(volume)
        }
    }
}
