import Foundation
import Glibc

enum SparseFile {
    /// What a copy is called until it is whole.
    static func unfinished(_ target: String) -> String { target + ".unfinished" }

    /// Copies the parts of a file that hold data, and the holes as holes. The target has its name only when all of it is on the disk: what
    /// a kill or a loss of power cuts off is begun anew. An existing target is kept as it is.
    static func copy(_ source: String, to target: String) throws {
        if access(target, F_OK) == 0 { return }
        let from = open(source, O_RDONLY | O_CLOEXEC)
        guard from >= 0 else { throw failure() }
        defer { close(from) }
        let unfinished = unfinished(target)
        let to = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard to >= 0 else { throw failure() }
        defer { close(to) }
        let size = lseek(from, 0, SEEK_END)
        guard ftruncate(to, size) == 0 else { throw failure() }
        var block = [UInt8](repeating: 0, count: 256 << 10)
        let zeros = block
        var position = lseek(from, 0, SEEK_DATA)
        while position >= 0 && position < size {
            let end = lseek(from, position, SEEK_HOLE)
            while position < end {
                let count = pread(from, &block, min(block.count, end - position), position)
                guard count > 0 else { throw failure() }
                // A journal is formatted as zeros: they become holes.
                if memcmp(block, zeros, count) != 0 {
                    guard pwrite(to, block, count, position) == count else { throw failure() }
                }
                position += count
            }
            position = lseek(from, end, SEEK_DATA)
        }
        guard fdatasync(to) == 0, link(unfinished, target) == 0 || errno == EEXIST else { throw failure() }
        _ = unlink(unfinished)
    }

    /// A file, or the names in a folder, last from then on.
    static func sync(_ path: String) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        guard fsync(file) == 0 else { throw failure() }
    }

    private static let SEEK_DATA: Int32 = 3
    private static let SEEK_HOLE: Int32 = 4

    private static func failure() -> POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}
