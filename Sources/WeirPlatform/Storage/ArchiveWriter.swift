import Glibc
import WeirModel

/// Writes what comes out of an archive into an empty folder of Weir's own. Nothing leads out of it, whatever stands in the archive: each
/// step opens one component and follows no link.
struct ArchiveWriter: Sendable {
    let target: OpenFolder
    let destination: FilePath
    let limits: UnpackLimits
    let archive: Bytes
    let owner: UInt32
    /// Asked before so many bytes in all are written.
    var admit: (@Sendable (Int64) throws -> Void)?

    private(set) var files = 0
    private(set) var size: Int64 = 0
    private(set) var entries = 0
    private var open: (file: OpenFile, written: Int64, modified: Int64)?

    init(into target: OpenFolder, at destination: FilePath, limits: UnpackLimits, archive: Bytes, owner: UInt32) {
        self.target = target
        self.destination = destination
        self.limits = limits
        self.archive = archive
        self.owner = owner
    }

    /// Throws `path_leaves_folder`, `link_leaves_folder`, `special_file`, `bad_file_name`, `path_too_deep`, `path_taken`,
    /// `archive_too_large`, `archive_too_many_files`, `archive_ratio`, `storage_full`.
    mutating func begin(_ entry: TarEntry) throws {
        entries += 1
        try limits.check(size: Bytes(size), files: entries, from: archive)
        let path = try Self.path(entry.name)
        // The folder itself.
        guard let last = path.name else {
            guard entry.kind == .folder else { throw WeirError.pathTaken("/") }
            return
        }
        _ = try destination.appending(path)
        let (parent, name) = (try folder(path.parent), EntryName(last))
        let there = try parent.status(name)
        switch entry.kind {
        case .special: throw WeirError.specialFile(path.text)
        case .folder:
            guard there == nil || there?.kind == .folder else { throw WeirError.pathTaken(path.text) }
            if there == nil { try make(name, in: parent) }
            return
        case .file, .link, .hardLink:
            guard there?.kind != .folder else { throw WeirError.pathTaken(path.text) }
        }
        // Of two of one name the later one counts, as all programs have it.
        if there != nil {
            try parent.unlink(name)
            files -= 1
        }
        files += 1
        switch entry.kind {
        case .link:
            guard FilePath.stays(linkAt: path.components, target: FileNameText.text(of: entry.target)) else {
                throw WeirError.linkLeaves(path.text)
            }
            try parent.makeLink(name, to: EntryName(bytes: entry.target))
            try parent.setOwner(ofLink: name, owner, owner)
        case .hardLink:
            guard entry.target.first != UInt8(ascii: "/"), let other = try? Self.path(entry.target), let otherName = other.name else {
                throw WeirError.linkLeaves(path.text)
            }
            let code = try target.folder(at: other.parent).link(EntryName(otherName), to: parent, as: name)
            guard code == 0 else {
                throw code == ENOENT ? WeirError.linkLeaves(path.text) : SystemFault.current("link", path.text, code: code)
            }
        default:
            guard entry.mode & 0o6000 == 0 else { throw WeirError.specialFile(path.text) }
            let file = try parent.open(name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
            if owner != 0 { try file.setOwner(owner, owner) }
            try file.setMode(entry.mode & 0o111 != 0 ? 0o755 : 0o644)
            open = (file, 0, entry.modified)
        }
    }

    mutating func content(_ bytes: UnsafeRawBufferPointer) throws {
        guard let now = open else { return }
        let sum = size + Int64(bytes.count)
        try limits.check(size: Bytes(sum), files: entries, from: archive)
        try admit?(sum)
        try now.file.write(bytes, at: now.written)
        open?.written += Int64(bytes.count)
        size = sum
    }

    mutating func end() throws {
        guard let done = open else { return }
        done.file.setModified(seconds: done.modified)
        open = nil
    }

    private func folder(_ path: FilePath) throws -> OpenFolder {
        try path.components.reduce(target) { folder, component in
            let name = EntryName(component)
            if try folder.status(name) == nil { try make(name, in: folder) }
            do {
                return try folder.folder(name)
            } catch let error as WeirError where error.code == "not_found" {
                throw WeirError.pathTaken(path.text)
            }
        }
    }

    private func make(_ name: EntryName, in folder: OpenFolder) throws {
        try folder.makeFolder(name)
        if owner != 0 { try folder.folder(name).setOwner(owner, owner) }
    }

    /// "." and doubled slashes mean nothing.
    private static func path(_ name: [UInt8]) throws -> FilePath {
        let text = FileNameText.text(of: name)
        guard name.first != UInt8(ascii: "/") else { throw WeirError.pathLeaves(text) }
        let parts = name.split(separator: UInt8(ascii: "/")).filter { Array($0) != [UInt8(ascii: ".")] }
        guard !parts.contains(where: { Array($0) == Array("..".utf8) }) else { throw WeirError.pathLeaves(text) }
        return try FilePath(parts.map { FileNameText.text(of: $0) }.joined(separator: "/"))
    }
}

extension OpenFile {
    fileprivate func setModified(seconds: Int64) {
        descriptor.use { number in
            let time = timespec(tv_sec: Int(seconds), tv_nsec: 0)
            _ = futimens(number, [time, time])
        }
    }
}
