import Foundation
import Glibc

/// One of the files that a log lies in.
struct LogPart: Hashable {
    var path: String
    var inode: UInt64
    /// The place of its first byte in the log.
    var start: Int64
    var size: Int64
    /// Nobody saw how much was written between the part before and this one.
    var isAfterUnseen: Bool

    var end: Int64 { start + size }

    /// Nil when another file has its name by now.
    func open() throws -> CInt? {
        let file = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            guard errno == ENOENT else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
            return nil
        }
        var status = stat()
        guard fstat(file, &status) == 0, UInt64(status.st_ino) == inode else {
            close(file)
            return nil
        }
        return file
    }
}

/// The files in which the bytes of a log lie.
///
/// The runtime begins its file anew when that is full, and throws away what was in it. `LogKeeper` gives each file a second name,
/// `NAME.START`, so that it stays, and removes those in the middle. Places in a log are counted over all of its files: each means the same
/// for as long as the log is kept.
enum LogParts {
    static let unseen = ".unseen"

    /// In the order in which they were written; the last is the one that is being written.
    static func of(_ path: String) -> [LogPart] {
        let folder = (path as NSString).deletingLastPathComponent
        let prefix = (path as NSString).lastPathComponent + "."
        // Before the names: a file that is begun anew meanwhile has its second name then.
        let current = measure(path)
        var parts: [LogPart] = []
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where name.hasPrefix(prefix) {
            let isAfterUnseen = name.hasSuffix(unseen)
            let number = name.dropFirst(prefix.count).dropLast(isAfterUnseen ? unseen.count : 0)
            guard let start = Int64(number), start >= 0, let found = measure("\(folder)/\(name)") else { continue }
            parts.append(
                LogPart(path: "\(folder)/\(name)", inode: found.inode, start: start, size: found.size, isAfterUnseen: isAfterUnseen))
        }
        parts.sort { $0.start < $1.start }
        if let current, !parts.contains(where: { $0.inode == current.inode }) {
            parts.append(
                LogPart(path: path, inode: current.inode, start: parts.last?.end ?? 0, size: current.size, isAfterUnseen: false))
        }
        return parts
    }

    static func measure(_ path: String) -> (inode: UInt64, size: Int64)? {
        var status = stat()
        return stat(path, &status) == 0 ? (UInt64(status.st_ino), Int64(status.st_size)) : nil
    }
}
