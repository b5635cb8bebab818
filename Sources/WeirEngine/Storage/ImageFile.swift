import Foundation
import Glibc
import WeirModel

/// Files that hold a file system. A template is formatted once for each size; of it only the few blocks are copied that
/// formatting wrote. A file appears under its name when it is whole, so that what is there after a kill can be used.
struct ImageFile: Sendable {
    var folder: String
    var purpose: Purpose
    /// The bytes that stay free on the disk; nil for the standard of its size.
    var reserve: Bytes?

    enum Purpose: String, Sendable {
        /// Survives a loss of power.
        case volume
        /// Ends with its instance: needs no journal.
        case instance
    }

    func make(_ path: String, size: Bytes) throws {
        if FileManager.default.fileExists(atPath: path) { return }
        try StorageFault.telling {
            try Folder.makeClosed(folder)
            // New files give way: each takes some MiB, and there is no end of them.
            guard hasRoom else { throw WeirError.storageFull() }
            try SparseFile.copy(try template(size), to: path)
            if purpose == .volume { try SparseFile.sync(folder) }
        }
    }

    private var hasRoom: Bool {
        guard let disk = FileSystemSpace(of: folder) else { return true }
        return disk.available > reserve ?? DiskReserve.standard(of: disk.size)
    }

    /// Deletes what a kill has left half-made.
    func sweep() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.contains(SparseFile.unfinished("")) {
            unlink("\(folder)/\(name)")
        }
    }

    private func template(_ size: Bytes) throws -> String {
        let path = "\(folder)/template-\(purpose.rawValue)-\(size.count).img"
        if FileManager.default.fileExists(atPath: path) { return path }
        let unfinished = SparseFile.unfinished(path) + String(UInt64.random(in: .min ... .max), radix: 36)
        defer { unlink(unfinished) }
        guard FileManager.default.createFile(atPath: unfinished, contents: nil, attributes: [.posixPermissions: 0o600]),
            truncate(unfinished, Int(size.count)) == 0
        else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        let made = try HostCommand.runBlocking(
            ["mkfs.ext4", "-q", "-F", "-m", "0", "-e", "remount-ro", "-E", "lazy_itable_init=1,nodiscard,root_owner=0:0"]
                + ["-i", size > .gib(4) ? "65536" : "16384"] + journal(size) + [unfinished])
        guard made.status == 0 else { throw WeirError.hostCommandFailed("mkfs.ext4", made.output) }
        try SparseFile.sync(unfinished)
        guard rename(unfinished, path) == 0 else { throw WeirError.hostCommandFailed("rename", path) }
        return path
    }

    /// The default journal of a large file system would be a GiB, for each workspace and person.
    private func journal(_ size: Bytes) -> [String] {
        purpose == .instance ? ["-O", "^has_journal"] : ["-J", size < .gib(2) ? "size=4" : "size=32"]
    }
}
