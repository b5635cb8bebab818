import Glibc
import WeirModel

/// The walk over what was unpacked: nothing that leaves, no special files, names and depth by rule (X20), and then the
/// files are the owner's.
struct UnpackedCheck {
    let limits: UnpackLimits
    let archive: Bytes
    /// Who unpacked: a file of anyone else is a second name of one that was there before.
    let maker: UInt32
    let owner: UInt32
    let links: LinkRule
    private(set) var files = 0
    private(set) var size: Int64 = 0
    private var entries = 0

    private let destination: [String]
    private var descent: FolderDescent
    /// Of the folder in which the descent stands.
    private var path: [String] = []

    /// Checks what is to come to stand at `destination`.
    init(
        _ folder: OpenFolder, at destination: FilePath, limits: UnpackLimits, archive: Bytes, maker: UInt32, owner: UInt32,
        links: LinkRule = .inside
    ) throws {
        self.destination = destination.components
        self.limits = limits
        self.archive = archive
        self.maker = maker
        self.owner = owner
        self.links = links
        descent = try FolderDescent(folder)
    }

    /// Looks at `count` more entries. False when all are checked.
    mutating func advance(_ count: Int) throws -> Bool {
        for _ in 0..<count {
            guard let (name, status) = try descent.next() else { return false }
            path.removeLast(path.count - descent.depth)
            try check(name, status)
        }
        return true
    }

    private mutating func check(_ name: EntryName, _ status: FileStatus) throws {
        let here = path + [name.text]
        _ = try FilePath((destination + here).joined(separator: "/"))
        entries += 1
        switch status.kind {
        case .folder:
            guard try descent.enter(name) else { return }
            try descent.folder.setMode(0o755)
            try descent.folder.setOwner(owner, owner)
            path = here
        case .file:
            guard status.raw.st_mode & (S_ISUID | S_ISGID) == 0 else {
                throw WeirError.specialFile(here.joined(separator: "/"))
            }
            let file = try descent.folder.open(name)
            // The second name of a file that was seen before has its owner already.
            guard status.raw.st_uid == maker || (status.raw.st_uid == owner && status.links > 1) else {
                throw WeirError.linkLeaves(here.joined(separator: "/"))
            }
            try file.setOwner(owner, owner)
            try file.setMode(status.isExecutable ? 0o755 : 0o644)
            files += 1
            size += status.size
        case .link:
            guard try links == .kept || FilePath.stays(linkAt: here, target: descent.folder.target(ofLink: name).text) else {
                throw WeirError.linkLeaves(here.joined(separator: "/"))
            }
            try descent.folder.setOwner(ofLink: name, owner, owner)
            files += 1
        case .special:
            throw WeirError.specialFile(here.joined(separator: "/"))
        }
        try limits.check(size: Bytes(size), files: entries, from: archive)
    }
}

extension OpenFolder {
    /// Throws `path_taken` where a file would have to give way to a folder or a folder to a file.
    func requireFits(_ root: OpenFolder, _ destination: FilePath) throws {
        var folder = root
        for component in destination.components {
            guard let status = try folder.status(EntryName(component)) else { return }
            guard status.kind == .folder else { throw WeirError.pathTaken(destination.text) }
            folder = try folder.folder(EntryName(component))
        }
        var pair = try FolderPair(self, folder)
        while let (name, here, there) = try pair.next() {
            guard let there else { continue }
            guard (here.kind == .folder) == (there.kind == .folder) else { throw WeirError.pathTaken(name.text) }
            if here.kind == .folder { try pair.enter(name) }
        }
    }

    /// Moves all that is in this folder into another one, over files of the same name.
    func merge(into target: OpenFolder) throws {
        var pair = try FolderPair(self, target)
        while let (name, here, there) = try pair.next() {
            if here.kind == .folder, there?.kind == .folder {
                try pair.enter(name)
            } else {
                try pair.source.rename(name, to: pair.target, as: name)
            }
        }
    }
}

/// Goes through a folder and through those of the same names in another one.
private struct FolderPair {
    private var descent: FolderDescent
    private var targets: [OpenFolder]

    init(_ source: OpenFolder, _ target: OpenFolder) throws {
        descent = try FolderDescent(source)
        targets = [target]
    }

    var source: OpenFolder { descent.folder }
    var target: OpenFolder { targets[targets.count - 1] }

    /// The next entry and what stands in the other folder under its name. What was changed in a folder is durable when it is left.
    mutating func next() throws -> (name: EntryName, here: FileStatus, there: FileStatus?)? {
        let found = try descent.next()
        while targets.count > descent.depth + 1, let left = targets.popLast() { try left.sync() }
        guard let (name, status) = found else { return nil }
        return (name, status, try target.status(name))
    }

    mutating func enter(_ name: EntryName) throws {
        let inner = try target.folder(name)
        if try descent.enter(name) { targets.append(inner) }
    }
}
