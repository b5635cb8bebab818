import Glibc

/// Measures a folder on the disk, however deep it is: neither a call, a descriptor nor a path is held for each level.
enum FolderSize {
    private static let mostEntries = 2_000_000

    private struct Level {
        let id: ID
        var folders: [[CChar]]
    }

    private struct ID: Equatable {
        let device: UInt
        let number: UInt

        init(_ status: stat) {
            device = UInt(status.st_dev)
            number = UInt(status.st_ino)
        }
    }

    /// The bytes on disk below a folder; counting ends when `limit` is passed. What is moved while it is counted may be left out.
    static func blocks(of folder: String, upTo limit: Int64) -> Int64 {
        var total: Int64 = 0
        var entries = 0
        var current = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard current >= 0 else { return 0 }
        defer { close(current) }
        guard var levels = level(current, &total, &entries, limit).map({ [$0] }) else { return 0 }
        while let top = levels.indices.last, total <= limit, entries <= mostEntries {
            let next: Int32
            if let name = levels[top].folders.popLast() {
                next = openat(current, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
                guard next >= 0 else { continue }
                close(current)
                current = next
                guard let inner = level(current, &total, &entries, limit) else { return total }
                levels.append(inner)
            } else {
                levels.removeLast()
                guard let above = levels.last else { break }
                next = openat(current, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                guard next >= 0 else { return total }
                close(current)
                current = next
                guard identity(current) == above.id else { return total }
            }
        }
        return total
    }

    private static func identity(_ folder: Int32) -> ID? {
        var status = stat()
        return fstat(folder, &status) == 0 ? ID(status) : nil
    }

    /// Adds up the entries of one folder and remembers those that are folders themselves.
    private static func level(_ folder: Int32, _ total: inout Int64, _ entries: inout Int, _ limit: Int64) -> Level? {
        guard let id = identity(folder), let stream = fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) else { return nil }
        defer { closedir(stream) }
        var level = Level(id: id, folders: [])
        while total <= limit, entries <= mostEntries, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
            }
            if name == [46, 0] || name == [46, 46, 0] { continue }
            entries += 1
            var status = stat()
            guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            total += Int64(status.st_blocks) * 512
            if status.st_mode & S_IFMT == S_IFDIR { level.folders.append(name) }
        }
        return level
    }
}
