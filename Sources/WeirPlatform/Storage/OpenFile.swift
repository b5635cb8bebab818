import Glibc
import NIOCore

/// A descriptor that is closed with its last reference.
final class Descriptor: Sendable {
    private let number: CInt

    init(_ number: CInt) { self.number = number }

    deinit { close(number) }

    /// The number is valid only inside `body`.
    @discardableResult
    func use<Result>(_ body: (CInt) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(number) }
    }
}

/// What the file system says of an entry.
struct FileStatus: Sendable {
    enum Kind: Sendable { case file, folder, link, special }

    let raw: stat
    init(_ raw: stat) { self.raw = raw }

    var kind: Kind {
        switch raw.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        case S_IFLNK: .link
        default: .special
        }
    }
    var size: Int64 { Int64(raw.st_size) }
    /// What it takes on the disk.
    var allocated: Int64 { Int64(raw.st_blocks) * 512 }
    var links: Int { Int(raw.st_nlink) }
    var isExecutable: Bool { raw.st_mode & 0o111 != 0 }
    var modified: Int64 { Int64(raw.st_mtim.tv_sec) * 1000 + Int64(raw.st_mtim.tv_nsec) / 1_000_000 }
    var changed: Int64 { Int64(raw.st_ctim.tv_sec) * 1000 + Int64(raw.st_ctim.tv_nsec) / 1_000_000 }

    var id: FileID { FileID(device: UInt64(raw.st_dev), number: UInt64(raw.st_ino)) }

    func isSame(as other: FileStatus) -> Bool { id == other.id }
}

/// Which file it is, whatever it is called.
struct FileID: Hashable, Sendable {
    let device: UInt64
    let number: UInt64
}

/// An open plain file.
struct OpenFile: Sendable {
    let descriptor: Descriptor
    let path: String

    func status() throws -> FileStatus {
        var raw = stat()
        try descriptor.use { number in try SystemFault.check("stat", path) { fstat(number, &raw) } }
        return FileStatus(raw)
    }

    /// Reads until the buffer is full or the file ends; gives the bytes read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        return try descriptor.use { number in
            var done = 0
            while done < buffer.count {
                let count = try SystemFault.check("read", path) {
                    pread(number, base + done, buffer.count - done, off_t(offset) + off_t(done))
                }
                if count == 0 { break }
                done += count
            }
            return done
        }
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        guard let base = bytes.baseAddress else { return }
        try descriptor.use { number in
            var done = 0
            while done < bytes.count {
                done += try SystemFault.check("write", path) {
                    pwrite(number, base + done, bytes.count - done, off_t(offset) + off_t(done))
                }
            }
        }
    }

    /// Hands the written range to the disk without waiting, so that a later `sync` finds little left to do.
    func startWriting(_ offset: Int64, _ count: Int64) {
        descriptor.use { Kernel.startWriting($0, offset, count) }
    }

    func sync() throws {
        try descriptor.use { number in try SystemFault.check("sync", path) { fdatasync(number) } }
    }

    func truncate(to size: Int64) throws {
        try descriptor.use { number in try SystemFault.check("truncate", path) { ftruncate(number, off_t(size)) } }
    }

    func setMode(_ mode: mode_t) throws {
        try descriptor.use { number in try SystemFault.check("chmod", path) { fchmod(number, mode) } }
    }

    func setOwner(_ user: uid_t, _ group: gid_t) throws {
        try descriptor.use { number in try SystemFault.check("chown", path) { fchown(number, user, group) } }
    }

    func setModified(_ status: FileStatus) {
        descriptor.use { number in
            let times = [status.raw.st_mtim, status.raw.st_mtim]
            _ = futimens(number, times)
        }
    }

    /// False when another process or request holds the file.
    func lock() -> Bool { descriptor.use { flock($0, LOCK_EX | LOCK_NB) == 0 } }

    /// To be called in any case: closing is no unlocking while a child that is just being started holds the file too.
    func unlock() { descriptor.use { _ = flock($0, LOCK_UN) } }
}
