import Foundation
import Glibc
public import WeirModel

/// A folder of the host with a small file system of its own. In a container the kernel tells of each mounted folder where it lies on
/// its file system: of this one only that it is the whole.
public enum OwnFileSystem {
    private static let size = Bytes.mib(256)

    /// Mounts it, or finds it mounted, in our namespace and in that of Podman. Throws `storage_full` where there is no room to make it.
    public static func open(_ path: String, file: String, reserve: Bytes?, socket: String?) throws {
        try StorageFault.telling {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        }
        let folder = (file as NSString).deletingLastPathComponent
        try ImageFile(folder: folder, purpose: .volume, reserve: reserve).make(file, size: size)
        try LoopMount.mount(file, at: path, also: PodmanNamespace(socket: socket).other)
        chmod(path, 0o755)
        rmdir(path + "/lost+found")
    }
}
