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
        var listing = try await list(file, size, options, in: folder.volume)
        if listing.hasEscapedNames, format == .zip {
            // Zip files of Chinese Windows have GBK names and do not say so.
            options = ["--options", "zip:hdrcharset=GBK"]
            listing = try await list(file, size, options, in: folder.volume)
        }
        let place = stagingName("unpack")
        do {
            let target = try await blocking {
                let staging = try open(.staging, of: folder.volume)
                try staging.makeFolder(place, mode: 0o700)
                let target = try staging.folder(place)
                try target.setOwner(toolUser, toolUser)
                return target
            }
            try await extract(file, size, options, into: target)
            let expected = listing.paths.count
            let unpacked = try await changing(folder) {
                let begun = try await blocking {
                    try UnpackedCheck(target, at: destination, limits: limits, archive: size, maker: toolUser, owner: owner)
                }
                let check = try await inSlices(begun) { try $0.advance(Self.walkSlice) }
                return try await blocking {
                    guard check.files == expected else {
                        throw WeirError.archiveDamaged("\(expected - check.files) of \(expected) files are missing")
                    }
                    try target.setOwner(owner, owner)
                    let root = try open(folder, making: true)
                    try target.requireFits(root, destination)
                    try target.merge(into: root.folder(making: destination))
                    return Unpacked(files: check.files, size: Bytes(check.size))
                }
            }
            await takeAway(place, in: folder.volume)
            return unpacked
        } catch {
            await takeAway(place, in: folder.volume)
            throw error
        }
    }

    private func list(
        _ file: OpenFile, _ size: Bytes, _ options: [String], in volume: StorageVolume
    ) async throws -> ArchiveListing {
        let listing = Mutex(ArchiveListing(limits: limits, archive: size))
        let program = try await blocking {
            try file.rewind()
            return ChildProgram.confined(
                "/usr/bin/bsdtar", ["-tv", "--numeric-owner", "-f", "-"] + options, user: toolUser,
                folder: try open(.staging, of: volume), input: file, largest: 0, timeLimit: Self.unpackTime)
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
                    let now = try await measure(target)
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

extension OpenFile {
    /// A child reads through the same position.
    func rewind() throws {
        try descriptor.use { number in try SystemFault.check("seek", path) { lseek(number, 0, SEEK_SET) } }
    }
}
