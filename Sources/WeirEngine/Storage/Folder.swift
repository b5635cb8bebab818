import Foundation
import Glibc
import WeirModel

/// Folders of the host. One that a tenant has made may be as deep as a disk allows.
enum Folder {
    /// Made, or found: no other user of the host sees what is in it. The right to pass stays: Podman lets a container's root pass to
    /// where its root layer lies.
    static func makeClosed(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o066 == 0 || chmod(path, status.st_mode & 0o711) == 0 else {
            throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
    }

    /// With all that is in it, by a program that goes neither by path nor by recursion; nothing happens when there is none. Blocks until the end.
    static func remove(_ path: String) throws {
        guard access(path, F_OK) == 0 else { return }
        let removed = try HostCommand.runBlocking(["rm", "-rf", "--", path])
        guard removed.status == 0 else { throw WeirError.hostCommandFailed("rm", removed.output) }
    }
}
