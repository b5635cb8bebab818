import Glibc
import WeirModel

/// The name of a content: its SHA-256, whether it is executable, and when it was changed, since hard links share their mode and their
/// time, and the time of a file is its own.
struct BlobName: Hashable, Sendable {
    let digest: [UInt8]
    let isExecutable: Bool
    /// In nanoseconds.
    let modified: Int64

    init(_ digest: [UInt8], like status: FileStatus) {
        self.digest = digest
        isExecutable = status.isExecutable
        modified = Int64(status.raw.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.raw.st_mtim.tv_nsec)
    }

    var mode: mode_t { isExecutable ? 0o555 : 0o444 }
    var shelf: EntryName { EntryName(Self.hex(digest.prefix(1))) }
    var entry: EntryName { EntryName(Self.hex(digest[...]) + "." + String(modified, radix: 36) + (isExecutable ? ".x" : "")) }

    private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// The store of contents: one file each, on 256 shelves. A content that only the store names is collected.
struct BlobFolder: Sendable {
    /// Carries the digest of a file that is a content already. Only a hint: it counts when the named content is that file.
    private static let attribute = "trusted.weir.sha256"
    let folder: OpenFolder

    private func shelf(_ blob: BlobName) throws -> OpenFolder? {
        guard try folder.status(blob.shelf) != nil else { return nil }
        return try folder.folder(blob.shelf)
    }

    /// The name of a content that this very file is, without reading it.
    func name(of file: OpenFile, _ status: FileStatus) throws -> BlobName? {
        guard status.links > 1,
            let digest = file.descriptor.use({ Kernel.attribute($0, Self.attribute, most: 32) }), digest.count == 32
        else { return nil }
        let blob = BlobName(digest, like: status)
        guard let known = try shelf(blob)?.status(blob.entry), known.isSame(as: status) else { return nil }
        return blob
    }

    func mark(_ file: OpenFile, _ blob: BlobName) {
        file.descriptor.use { Kernel.setAttribute($0, Self.attribute, blob.digest) }
    }

    /// Names the content in `target`. False when there is no such content, or it has no room for another name.
    func link(_ blob: BlobName, to target: OpenFolder, as name: EntryName) throws -> Bool {
        guard let shelf = try shelf(blob) else { return false }
        switch shelf.link(blob.entry, to: target, as: name) {
        case 0: return true
        case ENOENT, EMLINK: return false
        case let code: throw SystemFault.current("link", target.path + "/" + name.text, code: code)
        }
    }

    /// Makes a file of a new tree a content, or the content that came meanwhile the file of the tree. False for the latter.
    func publish(_ blob: BlobName, from tree: OpenFolder, _ name: EntryName) throws -> Bool {
        try folder.makeFolderIfAbsent(blob.shelf)
        let shelf = try folder.folder(blob.shelf)
        let code = tree.link(name, to: shelf, as: blob.entry)
        guard code != 0 else { return true }
        guard code == EEXIST else { throw SystemFault.current("link", shelf.path, code: code) }
        let spare = EntryName(".new-" + String(UInt64.random(in: .min ... .max), radix: 36))
        if shelf.link(blob.entry, to: tree, as: spare) == 0 {
            try tree.rename(spare, to: tree, as: name)
            // Renaming a name over another of the same file changes nothing and leaves both.
            try tree.remove(spare)
            return false
        }
        if tree.link(name, to: shelf, as: spare) == 0 {
            // The known content has no room for another name: from now on the new file stands for it.
            try shelf.rename(spare, to: shelf, as: blob.entry)
            try shelf.remove(spare)
        }
        return true
    }
}
