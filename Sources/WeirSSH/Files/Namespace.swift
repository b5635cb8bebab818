import Glibc
import WeirModel

/// Calls of the C library that Swift's `Glibc` module hides.
enum Namespace {
    private static let separateRoot: CInt = 0x200  // CLONE_FS
    private static let mounts: CInt = 0x20000  // CLONE_NEWNS

    private static func lookup<Call>(_ name: String, as _: Call.Type) -> Call? { dlsym(nil, name).map { unsafeBitCast($0, to: Call.self) } }

    private static func unshare(_ flags: CInt) -> CInt {
        typealias Call = @Sendable @convention(c) (CInt) -> CInt
        return lookup("unshare", as: Call.self)?(flags) ?? -1
    }

    /// The thread's own idea of root and folder, apart from the other threads'.
    static func leaveShared() -> CInt { unshare(separateRoot) }

    static func enter(_ namespace: CInt) -> CInt {
        typealias Call = @Sendable @convention(c) (CInt, CInt) -> CInt
        return lookup("setns", as: Call.self)?(namespace, mounts) ?? -1
    }

    static func unmount(_ path: String) -> CInt {
        typealias Call = @Sendable @convention(c) (UnsafePointer<CChar>, CInt) -> CInt
        return lookup("umount2", as: Call.self)?(path, 2 /* MNT_DETACH */) ?? -1
    }

    private static func mount(_ source: String, _ target: String, _ flags: UInt) -> CInt {
        typealias Call =
            @Sendable @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafePointer<CChar>?, UInt, UnsafeRawPointer?) -> CInt
        return lookup("mount", as: Call.self)?(source, target, nil, flags, nil) ?? -1
    }

    /// MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV
    static func makeRootReadOnly() -> CInt { mount("none", "/", 32 | 4096 | 1 | 2 | 4) }

    /// Starts a program where nothing that lies in the folder can be run. What is started stays there; the calling thread comes back.
    /// Throws `ssh_shut_down` when the kernel does not allow that.
    static func whereNothingRuns(in folder: String, start: () throws -> pid_t) throws -> pid_t {
        guard leaveShared() == 0 else { throw WeirError.sshShutDown() }
        let home = open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC)
        guard home >= 0 else { throw WeirError.sshShutDown() }
        defer { close(home) }
        guard unshare(mounts) == 0 else { throw WeirError.sshShutDown() }
        let child = Result {
            // MS_REC | MS_SLAVE; MS_BIND; MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | MS_NOEXEC
            guard mount("none", "/", 16384 | 524_288) == 0, mount(folder, folder, 4096) == 0,
                mount("none", folder, 32 | 4096 | 2 | 4 | 8) == 0
            else { throw WeirError.sshShutDown() }
            return try start()
        }
        guard enter(home) == 0 else {
            if case .success(let child) = child { kill(child, SIGKILL) }
            throw WeirError.sshShutDown()
        }
        return try child.get()
    }

    /// As `top -H` shows the calling thread; 15 bytes. Foundation's own name for a thread is nothing that the kernel knows.
    static func nameThread(_ name: String) {
        typealias Call = @Sendable @convention(c) (pthread_t, UnsafePointer<CChar>) -> CInt
        _ = lookup("pthread_setname_np", as: Call.self)?(pthread_self(), name)
    }

    static func processDescriptor(_ process: pid_t) -> CInt {
        typealias Call = @Sendable @convention(c) (pid_t, CUnsignedInt) -> CInt
        return lookup("pidfd_open", as: Call.self)?(process, 0) ?? -1
    }
}
