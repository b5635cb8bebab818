import Glibc
import Synchronization
public import WeirModel

public struct Unpacked: Hashable, Sendable {
    public let files: Int
    public let size: Bytes
}

/// Unpacking of tar, zip, tar.gz and rar (DAT-03, MOD-03), of archives that may have been made to harm.
///
/// The archive is listed first; then it is unpacked by an unprivileged user into an empty folder in staging, walked, and
/// only then moved in. So whatever is wrong with it, the draft is as it was.
extension FileStore {
    static let unpackTime: Duration = .seconds(3600)
    static let watchInterval: Duration = .milliseconds(200)

    /// Unpacks an archive that lies in a folder into `destination` of the same folder. Files of the same name are
    /// replaced; the archive stays.
    ///
    /// Throws `not_an_archive`, `archive_too_large`, `archive_too_many_files`, `archive_ratio`, `archive_damaged`,
    /// `archive_encrypted`, `path_leaves_folder`, `link_leaves_folder`, `special_file`, `bad_file_name`,
    /// `path_too_deep`, `path_taken`, `storage_full`.
    public func unpack(
        _ archive: FilePath, in folder: StoredFolder, into destination: FilePath, owner: UInt32 = 0
    ) async throws -> Unpacked {
        guard let name = archive.name else { throw WeirError.missing("path") }
        if case .tree = folder { throw WeirError.versionImmutable() }
        let format = try ArchiveFormat(fileName: name)
        let (file, status) = try await blocking { try open(folder).folder(at: archive.parent).openPlain(EntryName(name)) }
        let size = Bytes(status.size)
        var options: [String] = []
        var listing = try await list(file, size, options)
        if listing.hasEscapedNames, format == .zip {
            // Zip files of Chinese Windows have GBK names and do not say so.
            options = ["--options", "zip:hdrcharset=GBK"]
            listing = try await list(file, size, options)
        }
        let place = stagingName("unpack")
        do {
            let target = try await blocking {
                try staging().makeFolder(place, mode: 0o700)
                let target = try staging().folder(place)
                try target.setOwner(toolUser, toolUser)
                return target
            }
            try await extract(file, size, options, into: target)
            let expected = listing.paths.count
            return try await changing(folder) {
                try await blocking {
                    var check = UnpackedCheck(limits: limits, archive: size, maker: toolUser, owner: owner)
                    try check.walk(target, [])
                    guard check.files == expected else {
                        throw WeirError.archiveDamaged("\(expected - check.files) of \(expected) files are missing")
                    }
                    try target.setOwner(owner, owner)
                    let root = try open(folder, making: true)
                    try target.requireFits(root, destination)
                    try target.merge(into: root.folder(making: destination))
                    try staging().remove(place)
                    return Unpacked(files: check.files, size: Bytes(check.size))
                }
            }
        } catch {
            try? await blocking { try staging().remove(place) }
            throw error
        }
    }

    private func list(_ file: OpenFile, _ size: Bytes, _ options: [String]) async throws -> ArchiveListing {
        let listing = Mutex(ArchiveListing(limits: limits, archive: size))
        let program = try await blocking {
            try file.rewind()
            return ChildProgram.confined(
                "/usr/bin/bsdtar", ["-tv", "--numeric-owner", "-f", "-"] + options, user: toolUser,
                folder: try staging(), input: file, largest: 0, timeLimit: Self.unpackTime)
        }
        let outcome = try await ChildProcess(program: program, pool: tools).run(output: { bytes in
            try listing.withLock { try $0.take(bytes) }
            return .goOn
        })
        try Self.require(outcome, most: 0)
        return listing.withLock { $0 }
    }

    private func extract(_ file: OpenFile, _ size: Bytes, _ options: [String], into target: OpenFolder) async throws {
        let arguments = [
            "-x", "-f", "-", "--no-same-owner", "--no-same-permissions", "--no-acls", "--no-fflags", "--no-xattrs",
        ]
        let most = limits.most(from: size)
        let program = try await blocking {
            try file.rewind()
            return ChildProgram.confined(
                "/usr/bin/bsdtar", arguments + options, user: toolUser, folder: target, input: file, largest: most,
                timeLimit: Self.unpackTime)
        }
        // The listing may lie, and in a live folder the archive may change under the program: so it is watched as well.
        try await withThrowingTaskGroup(of: ChildOutcome?.self) { group in
            group.addTask { try await ChildProcess(program: program, pool: tools).run() }
            group.addTask {
                while true {
                    try await Task.sleep(for: Self.watchInterval)
                    let now = try await blocking { try target.measure() }
                    try limits.check(size: now.size, files: now.files + now.folders, from: size)
                }
            }
            defer { group.cancelAll() }
            if let outcome = try await group.next() ?? nil { try Self.require(outcome, most: most) }
        }
    }

    /// Whatever the program says on its standard error is a failure: for some archives it leaves files out and ends well.
    private static func require(_ outcome: ChildOutcome, most: Bytes) throws {
        if outcome.timedOut { throw WeirError.toolTimedOut("bsdtar", limit: unpackTime) }
        guard outcome.status != 0 || !outcome.errors.isEmpty else { return }
        if outcome.status == 128 + SIGXFSZ { throw WeirError.archiveTooLarge(limit: most) }
        let text = outcome.errors.lowercased()
        if text.contains("passphrase") || text.contains("encrypted") { throw WeirError.archiveEncrypted() }
        if text.contains("no space left") || text.contains("quota exceeded") { throw WeirError.storageFull() }
        let first = outcome.errors.split(separator: "\n").first.map(String.init) ?? "status \(outcome.status)"
        throw WeirError.archiveDamaged(first.replacing("bsdtar: ", with: ""))
    }
}

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

    init(limits: UnpackLimits, archive: Bytes, maker: UInt32, owner: UInt32, links: LinkRule = .inside) {
        self.limits = limits
        self.archive = archive
        self.maker = maker
        self.owner = owner
        self.links = links
    }

    mutating func walk(_ folder: OpenFolder, _ path: [String]) throws {
        guard path.count <= FilePath.depthLimit else { throw WeirError.pathTooDeep(path.joined(separator: "/")) }
        for name in try folder.names() {
            guard let status = try folder.status(name) else { continue }
            let here = path + [name.text]
            _ = try FilePath(here.joined(separator: "/"))
            entries += 1
            switch status.kind {
            case .folder:
                let inner = try folder.folder(name)
                try inner.setMode(0o755)
                try inner.setOwner(owner, owner)
                try walk(inner, here)
            case .file:
                guard status.raw.st_mode & (S_ISUID | S_ISGID) == 0 else {
                    throw WeirError.specialFile(here.joined(separator: "/"))
                }
                let file = try folder.open(name)
                // The second name of a file that was seen before has its owner already.
                guard status.raw.st_uid == maker || (status.raw.st_uid == owner && status.links > 1) else {
                    throw WeirError.linkLeaves(here.joined(separator: "/"))
                }
                try file.setOwner(owner, owner)
                try file.setMode(status.isExecutable ? 0o755 : 0o644)
                files += 1
                size += status.size
            case .link:
                guard try links == .kept || FilePath.stays(linkAt: here, target: folder.target(ofLink: name).text) else {
                    throw WeirError.linkLeaves(here.joined(separator: "/"))
                }
                try folder.setOwner(ofLink: name, owner, owner)
                files += 1
            case .special:
                throw WeirError.specialFile(here.joined(separator: "/"))
            }
            try limits.check(size: Bytes(size), files: entries, from: archive)
        }
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
        try requireFits(folder)
    }

    private func requireFits(_ target: OpenFolder) throws {
        for name in try names() {
            guard let there = try target.status(name), let here = try status(name) else { continue }
            guard (here.kind == .folder) == (there.kind == .folder) else { throw WeirError.pathTaken(name.text) }
            if here.kind == .folder { try folder(name).requireFits(target.folder(name)) }
        }
    }

    /// Moves all that is in this folder into another one, over files of the same name.
    func merge(into target: OpenFolder) throws {
        for name in try names() {
            if let there = try target.status(name), there.kind == .folder {
                try folder(name).merge(into: target.folder(name))
            } else {
                try rename(name, to: target, as: name)
            }
        }
        try target.sync()
    }
}

extension OpenFile {
    /// A child reads through the same position.
    func rewind() throws {
        try descriptor.use { number in try SystemFault.check("seek", path) { lseek(number, 0, SEEK_SET) } }
    }
}
