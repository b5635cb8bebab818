import Glibc
import WeirModel

/// The figures of the file system on which a folder lies.
struct FileSystemSpace: Hashable, Sendable {
    var size: Bytes
    var free: Bytes
    /// What a program can take, root included where the bound is one of `reserved_clusters`.
    var available: Bytes
    var block: Int64
    var inodes: Int64
    var freeInodes: Int64
    var isReadOnly: Bool

    init?(of folder: String) {
        var figures = statvfs()
        guard statvfs(folder, &figures) == 0 else { return nil }
        block = Int64(figures.f_frsize)
        size = Bytes(Int64(figures.f_blocks) * block)
        free = Bytes(Int64(figures.f_bfree) * block)
        available = Bytes(Int64(figures.f_bavail) * block)
        inodes = Int64(figures.f_files)
        freeInodes = Int64(figures.f_ffree)
        isReadOnly = figures.f_flag & 1 != 0
    }

    var used: Bytes { size - free }
}
