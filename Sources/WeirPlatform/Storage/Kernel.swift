import Glibc

/// Calls of the C library that Swift's `Glibc` module hides because it is read without `_GNU_SOURCE`. They are looked up
/// once; a library that lacks one answers ENOSYS.
enum Kernel {
    static let noReplace: CUnsignedInt = 1
    private static let writeRange: CUnsignedInt = 2
    /// `FICLONE`: the copy shares the blocks of the source until one of them is written.
    private static let cloneRequest: UInt = 0x4004_9409

    static func renameat2(
        _ from: CInt, _ name: [CChar], _ to: CInt, _ newName: [CChar], _ flags: CUnsignedInt
    ) -> CInt {
        typealias Call =
            @Sendable @convention(c) (
                CInt, UnsafePointer<CChar>, CInt, UnsafePointer<CChar>, CUnsignedInt
            ) -> CInt
        enum Symbol { static let call = Kernel.lookup("renameat2", as: Call.self) }
        return Symbol.call?(from, name, to, newName, flags) ?? unknown()
    }

    /// Starts to write the range to the disk, without waiting for it.
    static func startWriting(_ file: CInt, _ offset: Int64, _ count: Int64) {
        typealias Call = @Sendable @convention(c) (CInt, Int64, Int64, CUnsignedInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("sync_file_range", as: Call.self) }
        _ = Symbol.call?(file, offset, count, writeRange)
    }

    /// Waits until all that was written to the file system of `file` is on the disk.
    static func syncfs(_ file: CInt) -> CInt {
        typealias Call = @Sendable @convention(c) (CInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("syncfs", as: Call.self) }
        return Symbol.call?(file) ?? unknown()
    }

    static func clone(_ source: CInt, to target: CInt) -> Bool { ioctl(target, cloneRequest, source) == 0 }

    static func pipe(_ ends: inout [CInt]) -> CInt {
        typealias Call = @Sendable @convention(c) (UnsafeMutablePointer<CInt>, CInt) -> CInt
        enum Symbol { static let call = Kernel.lookup("pipe2", as: Call.self) }
        return Symbol.call?(&ends, O_CLOEXEC) ?? unknown()
    }

    static func attribute(_ file: CInt, _ name: String, most: Int) -> [UInt8]? {
        typealias Call =
            @Sendable @convention(c) (
                CInt, UnsafePointer<CChar>, UnsafeMutableRawPointer, Int
            ) -> Int
        enum Symbol { static let call = Kernel.lookup("fgetxattr", as: Call.self) }
        var value = [UInt8](repeating: 0, count: most)
        guard let count = Symbol.call?(file, name, &value, most), count >= 0 else { return nil }
        return Array(value.prefix(count))
    }

    static func setAttribute(_ file: CInt, _ name: String, _ value: [UInt8]) {
        typealias Call =
            @Sendable @convention(c) (
                CInt, UnsafePointer<CChar>, UnsafeRawPointer, Int, CInt
            ) -> CInt
        enum Symbol { static let call = Kernel.lookup("fsetxattr", as: Call.self) }
        _ = Symbol.call?(file, name, value, value.count, 0)
    }

    typealias FolderAction = @Sendable @convention(c) (UnsafeMutableRawPointer, CInt) -> CInt

    /// `posix_spawn`: the child begins in the folder that this descriptor stands for.
    static func addFolder(_ actions: inout posix_spawn_file_actions_t, _ folder: CInt) -> CInt {
        enum Symbol { static let call = Kernel.lookup("posix_spawn_file_actions_addfchdir_np", as: FolderAction.self) }
        return Symbol.call?(&actions, folder) ?? ENOSYS
    }

    private static func unknown() -> CInt {
        errno = ENOSYS
        return -1
    }

    fileprivate static func lookup<Call>(_ name: String, as _: Call.Type) -> Call? {
        dlsym(nil, name).map { unsafeBitCast($0, to: Call.self) }
    }
}
