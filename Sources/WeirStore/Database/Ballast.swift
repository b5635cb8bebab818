import GRDB
import Glibc
import WeirModel

/// A file without meaning beside the database, whose space is given up when the disk is full: then people can still log in, delete
/// what fills it, and be told. It is made again when there is room.
struct Ballast: Sendable {
    let path: String
    /// 0 sets nothing aside.
    let size: Bytes

    /// Whether it is there in full.
    var isThere: Bool {
        var status = stat()
        return size == 0 || stat(path, &status) == 0 && Int64(status.st_size) >= size.count
    }

    /// Makes it where the disk has four times as much free; else it would take what it is meant to spare.
    func make() {
        guard !isThere, free.count >= 4 * size.count else { return }
        let file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        defer { close(file) }
        // Blocks and not only a length.
        if posix_fallocate(file, 0, Int(size.count)) != 0 { ftruncate(file, 0) }
    }

    /// False when there was nothing to give.
    func giveUp() -> Bool { size > 0 && isThere && unlink(path) == 0 }

    /// Whether an error of the database means a full disk. A log that cannot be written or synced is told as a failure of
    /// input or output.
    func isFull(_ error: any Error) -> Bool {
        guard let error = error as? DatabaseError, error.isOfDisk else { return false }
        return error.resultCode == .SQLITE_FULL || free < .mib(1)
    }

    private var free: Bytes {
        var figures = statvfs()
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
        guard statvfs(folder.isEmpty ? "." : folder, &figures) == 0 else { return 0 }
        return Bytes(Int64(figures.f_bavail) * Int64(figures.f_frsize))
    }
}

extension DatabaseError {
    var isOfDisk: Bool { resultCode == .SQLITE_FULL || resultCode == .SQLITE_IOERR }
}

extension WeirError {
    /// The database could not be written.
    static func diskFull() -> WeirError {
        WeirError(
            "storage_full", .unavailable, subject: "database",
            LocalizedText("The disk of the installation is full; nothing was changed.", zh: "平台磁盘已满，未做任何更改。"),
            remedy: LocalizedText(
                "Delete what is no longer needed, and tell the operator.", zh: "请删除不再需要的内容，并通知运营管理员。"))
    }
}
