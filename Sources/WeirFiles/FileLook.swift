#if canImport(Darwin)
import Darwin
#else
import Glibc
#endif

/// The thing that stands under a path of this machine, whose name may be any bytes.
///
/// It is read here, in a target without networking: where NIO's C headers are read as well, the compiler takes the kernel's structures for
/// theirs on some days and lets nobody look into them.
public struct FileLook: Sendable {
    public enum Kind: Sendable { case file, folder, other }

    public let kind: Kind
    public let size: Int64
    /// In seconds since 1970.
    public let changedAt: Double

    /// Nil where there is nothing. A link counts as what it leads to when it is followed.
    public init?(at path: UnsafePointer<CChar>, followingLinks: Bool) {
        var raw = stat()
        guard (followingLinks ? stat(path, &raw) : lstat(path, &raw)) == 0 else { return nil }
        switch raw.st_mode & S_IFMT {
        case S_IFREG: kind = .file
        case S_IFDIR: kind = .folder
        default: kind = .other
        }
        #if canImport(Darwin)
        let time = raw.st_mtimespec
        #else
        let time = raw.st_mtim
        #endif
        size = Int64(raw.st_size)
        changedAt = Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }
}
