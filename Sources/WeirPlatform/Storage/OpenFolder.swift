import Glibc
import WeirModel

/// An open folder, and the only way to what stands below it: each step opens one component and never follows a link, so
/// that no link that a tenant plants, at whatever moment, leads Weir out of the folder.
struct OpenFolder: Sendable {
    let descriptor: Descriptor
    let path: String

    private init(_ number: CInt, _ path: String) {
        descriptor = Descriptor(number)
        self.path = path
    }

    /// Opens a folder by a path that only Weir can write to.
    init(trusted path: String) throws {
        let number = try SystemFault.check("open", path) { Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) }
        self.init(number, path)
    }

    /// Paths are for messages alone: what lies deeper than any program can name goes by the path above it.
    private static let longestPath = 4_096

    func folder(_ name: EntryName) throws -> OpenFolder {
        let path = path.utf8.count < Self.longestPath ? path + "/" + name.text : path
        let number = try descriptor.use { at in
            try SystemFault.check("open", path) {
                let number = openat(at, name.c, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
                if number < 0, errno == ENOTDIR { errno = isLink(name) ? ELOOP : ENOENT }
                return number
            }
        }
        return OpenFolder(number, path)
    }

    /// The folder above, when it is that one; nil when this one was moved.
    func above(_ id: FileID, _ path: String) throws -> OpenFolder? {
        let number = descriptor.use { openat($0, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) }
        guard number >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemFault.current("open", path)
        }
        let above = OpenFolder(number, path)
        return try above.id() == id ? above : nil
    }

    func status() throws -> FileStatus {
        var raw = stat()
        try descriptor.use { number in try SystemFault.check("stat", path) { fstat(number, &raw) } }
        return FileStatus(raw)
    }

    func id() throws -> FileID { try status().id }

    private func isLink(_ name: EntryName) -> Bool {
        if case .some(let status) = try? status(name) { status.kind == .link } else { false }
    }

    func folder(at path: FilePath) throws -> OpenFolder {
        try path.components.reduce(self) { try $0.folder(EntryName($1)) }
    }

    func folder(at names: [EntryName]) throws -> OpenFolder { try names.reduce(self) { try $0.folder($1) } }

    /// Makes what is missing on the way. Throws `path_taken` where a file stands there, and `link_in_path`.
    func folder(making path: FilePath) throws -> OpenFolder {
        var folder = self
        for component in path.components {
            let name = EntryName(component)
            try folder.makeFolderIfAbsent(name)
            do {
                folder = try folder.folder(name)
            } catch let error as WeirError where error.code == "not_found" {
                throw try folder.status(name) == nil ? error : WeirError.pathTaken(name.text)
            }
        }
        return folder
    }

    /// Nil when there is no such entry.
    func status(_ name: EntryName) throws -> FileStatus? {
        var raw = stat()
        let result = descriptor.use { fstatat($0, name.c, &raw, AT_SYMLINK_NOFOLLOW) }
        if result == 0 { return FileStatus(raw) }
        if errno == ENOENT { return nil }
        throw SystemFault.current("stat", path + "/" + name.text)
    }

    /// The names in it, or the first of them, unsorted, "." and ".." left out.
    func names(most: Int = .max) throws -> [EntryName] {
        var names: [EntryName] = []
        try eachName { name in
            names.append(name)
            return names.count < most
        }
        return names
    }

    /// Hands over name by name until `body` gives false.
    func eachName(_ body: (EntryName) throws -> Bool) throws {
        let again = try descriptor.use { at in
            try SystemFault.check("open", path) { openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        }
        guard let stream = fdopendir(again) else {
            let fault = SystemFault.current("list", path)
            close(again)
            throw fault
        }
        defer { closedir(stream) }
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw SystemFault.current("list", path) }
                return
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { EntryName(c: $0) }
            }
            if !name.isDot, try !body(name) { return }
        }
    }

    func open(_ name: EntryName, _ flags: CInt = O_RDONLY, mode: mode_t = 0o644) throws -> OpenFile {
        let path = path + "/" + name.text
        let number = try descriptor.use { at in
            // A pipe that a tenant planted must not hold the thread: O_NONBLOCK has no meaning for plain files.
            try SystemFault.check("open", path) {
                openat(at, name.c, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, mode)
            }
        }
        return OpenFile(descriptor: Descriptor(number), path: path)
    }

    /// Opens a plain file for reading. Throws `special_file` for what is none.
    func openPlain(_ name: EntryName) throws -> (OpenFile, FileStatus) {
        guard let before = try status(name) else { throw WeirError.notFound("file") }
        switch before.kind {
        case .file: break
        case .folder: throw WeirError.isFolder(name.text)
        case .link: throw WeirError.linkInPath(name.text)
        case .special: throw WeirError.specialFile(name.text)
        }
        let file = try open(name)
        let status = try file.status()
        guard status.kind == .file else { throw WeirError.specialFile(name.text) }
        return (file, status)
    }

    func makeFolder(_ name: EntryName, mode: mode_t = 0o755) throws {
        try descriptor.use { at in
            try SystemFault.check("mkdir", path + "/" + name.text) { mkdirat(at, name.c, mode) }
        }
    }

    func makeFolderIfAbsent(_ name: EntryName, mode: mode_t = 0o755) throws {
        let result = descriptor.use { mkdirat($0, name.c, mode) }
        if result < 0, errno != EEXIST { throw SystemFault.current("mkdir", path + "/" + name.text) }
    }

    func makeLink(_ name: EntryName, to target: EntryName) throws {
        try descriptor.use { at in
            try SystemFault.check("symlink", path + "/" + name.text) { symlinkat(target.c, at, name.c) }
        }
    }

    func target(ofLink name: EntryName) throws -> EntryName {
        var buffer = [CChar](repeating: 0, count: 4097)
        let count = try descriptor.use { at in
            try SystemFault.check("readlink", path + "/" + name.text) { readlinkat(at, name.c, &buffer, 4096) }
        }
        buffer[count] = 0
        return EntryName(c: buffer)
    }

    /// A second name for a file. Gives false when the name is taken or the file has no room for another name.
    func link(_ name: EntryName, to folder: OpenFolder, as newName: EntryName) -> CInt {
        descriptor.use { from in
            folder.descriptor.use { to in linkat(from, name.c, to, newName.c, 0) == 0 ? 0 : errno }
        }
    }

    /// A name for exactly the open file, whatever its first name means by now.
    func link(open file: OpenFile, as name: EntryName) -> CInt {
        file.descriptor.use { number in
            descriptor.use { to in
                linkat(AT_FDCWD, "/proc/self/fd/\(number)", to, name.c, AT_SYMLINK_FOLLOW) == 0 ? 0 : errno
            }
        }
    }

    /// Replaces a file of the new name.
    func rename(_ name: EntryName, to folder: OpenFolder, as newName: EntryName) throws {
        try descriptor.use { from in
            try folder.descriptor.use { to in
                try SystemFault.check("rename", folder.path + "/" + newName.text) {
                    renameat(from, name.c, to, newName.c)
                }
            }
        }
    }

    /// Throws `path_taken` when the new name exists.
    func renameIfFree(_ name: EntryName, to folder: OpenFolder, as newName: EntryName) throws {
        try descriptor.use { from in
            try folder.descriptor.use { to in
                try SystemFault.check("rename", newName.text) {
                    Kernel.renameat2(from, name.c, to, newName.c, Kernel.noReplace)
                }
            }
        }
    }

    func unlink(_ name: EntryName) throws {
        try descriptor.use { at in
            try SystemFault.check("unlink", path + "/" + name.text) { unlinkat(at, name.c, 0) }
        }
    }

    func setMode(_ mode: mode_t) throws {
        try descriptor.use { number in try SystemFault.check("chmod", path) { fchmod(number, mode) } }
    }

    func setOwner(_ user: uid_t, _ group: gid_t) throws {
        try descriptor.use { number in try SystemFault.check("chown", path) { fchown(number, user, group) } }
    }

    func setOwner(ofLink name: EntryName, _ user: uid_t, _ group: gid_t) throws {
        try descriptor.use { at in
            try SystemFault.check("chown", path + "/" + name.text) {
                fchownat(at, name.c, user, group, AT_SYMLINK_NOFOLLOW)
            }
        }
    }

    func sync() throws {
        try descriptor.use { number in try SystemFault.check("sync", path) { fsync(number) } }
    }

    /// Waits for everything on this file system: cheaper than `sync` on each of thousands of files.
    func syncAll() throws {
        try descriptor.use { number in try SystemFault.check("syncfs", path) { Kernel.syncfs(number) } }
    }
}

extension WeirError {
    static func isFolder(_ path: String) -> WeirError {
        .malformed("path", "a file, and \"\(path)\" is a folder")
    }
}
