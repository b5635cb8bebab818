import Foundation
import Glibc
import NIOPosix
import WeirModel

/// Copies what a container has changed, whiteouts, attributes, hard links and holes among it, with the owners that the files have inside.
enum LayerCopy {
    /// Throws `storage_full`, and `host_command_failed` for a path that is too long to be copied. A cancelled caller ends it.
    static func run(from source: String, to target: String, ranges: UserRanges?) async throws {
        guard let ranges else {
            try await copy(source, to: target)
            return
        }
        let view = try await NIOThreadPool.singleton.runIfActive { try UserShift(folder: source, ranges: ranges) }
        try await copy(view.path, to: target)
        withExtendedLifetime(view) {}
    }

    private static func copy(_ source: String, to target: String) async throws {
        let copied = try await HostCommand.run(
            ["cp", "--archive", "--reflink=auto", "--sparse=always", source + "/.", target], progress: { _ in })
        try Task.checkCancellation()
        guard copied.status != 0 else { return }
        if copied.output.contains("No space left") || copied.output.contains("quota exceeded") { throw WeirError.storageFull() }
        throw WeirError.hostCommandFailed("cp", String(copied.output.suffix(400)))
    }
}

extension FolderSize {
    /// The lengths of all files below a folder, holes counted as well: what an archive of it takes.
    static func length(of folder: String) -> Int64 {
        var total: Int64 = 0
        var seen: Set<UInt64> = []
        var waiting = [folder]
        while let next = waiting.popLast() {
            guard let stream = opendir(next) else { continue }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name == "." || name == ".." { continue }
                var status = stat()
                guard lstat("\(next)/\(name)", &status) == 0 else { continue }
                switch status.st_mode & S_IFMT {
                case S_IFDIR: waiting.append("\(next)/\(name)")
                case S_IFREG where status.st_nlink == 1 || seen.insert(UInt64(status.st_ino)).inserted:
                    total = total.addingReportingOverflow(Int64(status.st_size)).partialValue
                default: break
                }
            }
        }
        return total
    }
}
