import Glibc

/// Calls of the C library that Swift's `Glibc` module hides because it is read without `_GNU_SOURCE`. They are looked up
/// once; a library that lacks one answers ENOSYS.
enum Kernel {
    /// `CLONE_NEWNET`
    static let networkNamespace: CInt = 0x4000_0000
    /// `CLONE_NEWNS`
    static let mountNamespace: CInt = 0x0002_0000

    /// The calling thread gets a working folder of its own, without which it could not leave its mount namespace (`CLONE_FS`).
    static func partFolders() -> CInt {
        typealias Call = @Sendable @convention(c) (CInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("unshare", as: Call.self) }
        return Symbol.call?(0x200) ?? unknown()
    }

    /// Two names change places in one step.
    static func exchange(_ one: String, _ other: String) -> CInt {
        typealias Call = @Sendable @convention(c) (CInt, UnsafePointer<CChar>, CInt, UnsafePointer<CChar>, CUnsignedInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("renameat2", as: Call.self) }
        return Symbol.call?(AT_FDCWD, one, AT_FDCWD, other, 2) ?? unknown()
    }

    /// The calling thread alone moves to the namespace.
    static func enter(_ namespace: CInt, _ kind: CInt) -> CInt {
        typealias Call = @Sendable @convention(c) (CInt, CInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("setns", as: Call.self) }
        return Symbol.call?(namespace, kind) ?? unknown()
    }

    /// A descriptor that is readable when the process has ended. It is closed when a program is run.
    static func processDescriptor(_ process: pid_t) -> CInt {
        typealias Call = @Sendable @convention(c) (pid_t, CUnsignedInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("pidfd_open", as: Call.self) }
        return Symbol.call?(process, 0) ?? unknown()
    }

    static func pipe(_ ends: inout [CInt]) -> CInt {
        typealias Call = @Sendable @convention(c) (UnsafeMutablePointer<CInt>, CInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("pipe2", as: Call.self) }
        return Symbol.call?(&ends, O_CLOEXEC) ?? unknown()
    }

    /// The mount on which the folder lies, from the folder on, in no tree: a descriptor.
    static func cloneMount(_ folder: String) -> CInt {
        typealias Call = @Sendable @convention(c) (CInt, UnsafePointer<CChar>, CUnsignedInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("open_tree", as: Call.self) }
        return Symbol.call?(AT_FDCWD, folder, 1 /* OPEN_TREE_CLONE */ | CUnsignedInt(O_CLOEXEC)) ?? unknown()
    }

    /// Shows the owners of a mount's files as the user namespace maps them.
    static func shiftMount(_ mount: CInt, _ namespace: CInt) -> CInt {
        typealias Call = @Sendable @convention(c) (CInt, UnsafePointer<CChar>, CUnsignedInt, UnsafePointer<UInt64>, Int) -> CInt
        enum Symbol { static let call = Kernel.lookup("mount_setattr", as: Call.self) }
        // To set, to clear, propagation, namespace.
        let attributes: [UInt64] = [0x10_0000 /* MOUNT_ATTR_IDMAP */, 0, 0, UInt64(namespace)]
        return Symbol.call?(mount, "", 0x1000 /* AT_EMPTY_PATH */, attributes, attributes.count * 8) ?? unknown()
    }

    /// From this number on the child gets nothing of ours: neither files nor the ports that Weir listens at, which NIO makes so that every
    /// program that is run inherits them.
    static func addCloseFrom(_ actions: inout posix_spawn_file_actions_t, _ first: CInt) -> CInt {
        typealias Call = @Sendable @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, CInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("posix_spawn_file_actions_addclosefrom_np", as: Call.self) }
        return Symbol.call?(&actions, first) ?? ENOSYS
    }

    /// A count that the kernel adds to; reading takes it, and does not wait.
    static func eventCounter() -> CInt {
        typealias Call = @Sendable @convention(c) (CUnsignedInt, CInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("eventfd", as: Call.self) }
        return Symbol.call?(0, O_CLOEXEC | O_NONBLOCK) ?? unknown()
    }

    /// A descriptor on which the kernel tells what happens in folders.
    static func watchFolders() -> CInt {
        typealias Call = @Sendable @convention(c) (CInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("inotify_init1", as: Call.self) }
        return Symbol.call?(O_CLOEXEC | O_NONBLOCK) ?? unknown()
    }

    /// The number by which the kernel calls the folder; the same each time.
    static func watchFolder(_ watch: CInt, _ folder: String, _ events: UInt32) -> CInt {
        typealias Call = @Sendable @convention(c) (CInt, UnsafePointer<CChar>, UInt32) -> CInt
        enum Symbol { static let call = Kernel.lookup("inotify_add_watch", as: Call.self) }
        return Symbol.call?(watch, folder, events) ?? unknown()
    }

    static func unwatchFolder(_ watch: CInt, _ number: CInt) -> CInt {
        typealias Call = @Sendable @convention(c) (CInt, CInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("inotify_rm_watch", as: Call.self) }
        return Symbol.call?(watch, number) ?? unknown()
    }

    private static func unknown() -> CInt {
        errno = ENOSYS
        return -1
    }

    private static func lookup<Call>(_ name: String, as _: Call.Type) -> Call? {
        dlsym(nil, name).map { unsafeBitCast($0, to: Call.self) }
    }
}
