import Foundation
import Glibc
import WeirEngine
import WeirModel

/// OpenSSH's `sftp-server` over one folder of the host, which stands at `/upload` in a sandbox in which there is nothing else: the loader
/// and its libraries, which a program needs to begin, are unmounted (`seal`) before the client has its first answer.
enum ConfinedFiles {
    /// Where the client sees the folder.
    static let root = "/upload"

    /// What changes a file or makes something, by sftp-server's own names. Opening is none of them, since reading begins with it as well:
    /// the kernel refuses to open what would have to be made or emptied (`CallFilter.forFullFolders`).
    private static let growing = ["write", "setstat", "fsetstat", "lsetstat", "mkdir", "symlink", "hardlink", "copy-data"]

    /// `tools` is the folder of `FileTools`; `isFull` leaves reading, renaming and deleting, which is how room is made; `whenOver` is
    /// called once, when the program has ended.
    static func start(
        folder: String, tools: String, user: UInt32, isFull: Bool, whenOver: @escaping @Sendable () -> Void
    ) throws -> ConfinedProgram {
        let lib = FileTools.library(in: tools)
        guard let loader = try FileManager.default.contentsOfDirectory(atPath: lib).first(where: { $0.hasPrefix("ld-") })
        else { throw WeirError.sshToolsMissing("ld.so") }
        let load = ["/.weir/\(loader)", "--library-path", "/.weir"]
        return try ConfinedProgram(
            mounts: [
                "--perms", "0755", "--dir", "/dev", "--perms", "0755", "--dir", "/etc", "--dev-bind", "/dev/null", "/dev/null",
                "--ro-bind", lib, "/.weir", "--ro-bind", lib + "/passwd", "/etc/passwd", "--bind", folder, root, "--chdir", "/",
            ],
            program: load + [
                "/.weir/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all",
                "--no-new-privs", "--",
            ] + load + ["/.weir/sftp-server", "-d", root, "-u", "0022"] + (isFull ? ["-P", growing.joined(separator: ",")] : []),
            refusing: isFull ? .forFullFolders : .forFolders, whenOver: whenOver)
    }

    /// Takes everything but the folder out of the sandbox. The program has begun by then and needs nothing more of it.
    static func seal(_ program: ConfinedProgram) {
        guard let process = program.insider() else { return }
        let namespace = open("/proc/\(process)/ns/mnt", O_RDONLY | O_CLOEXEC)
        guard namespace >= 0 else { return }
        let done = DispatchSemaphore(value: 0)
        // A thread of its own goes over and ends there.
        let thread = Thread {
            if Namespace.leaveShared() == 0, Namespace.enter(namespace) == 0 {
                for mount in ["/.weir", "/etc/passwd", "/dev/null"] { _ = Namespace.unmount(mount) }
                rmdir("/.weir")
                unlink("/etc/passwd")
                unlink("/dev/null")
                rmdir("/etc")
                rmdir("/dev")
                _ = Namespace.makeRootReadOnly()
            }
            Glibc.close(namespace)
            done.signal()
        }
        thread.stackSize = 256 << 10
        thread.start()
        done.wait()
    }
}
