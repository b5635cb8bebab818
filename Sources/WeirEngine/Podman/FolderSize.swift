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
        walk(folder) { status in
            entries += 1
            total += Int64(status.st_blocks) * 512
            return total <= limit && entries <= mostEntries
        }
        return total
    }

    /// The lengths of all files below a folder, holes counted as well: what an archive of it takes.
    static func length(of folder: String) -> Int64 {
        var total: Int64 = 0
        var seen: Set<UInt64> = []
        walk(folder) { status in
            if status.st_mode & S_IFMT == S_IFREG, status.st_nlink == 1 || seen.insert(UInt64(status.st_ino)).inserted {
                total = total.addingReportingOverflow(Int64(status.st_size)).partialValue
            }
            return true
        }
        return total
    }

    /// Shows everything below a folder to `visit`, for as long as it says so.
    private static func walk(_ folder: String, _ visit: (stat) -> Bool) {
        var goesOn = true
        var current = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard current >= 0 else { return }
        defer { close(current) }
        guard var levels = level(current, &goesOn, visit).map({ [$0] }) else { return }
        while let top = levels.indices.last, goesOn {
            let next: Int32
            if let name = levels[top].folders.popLast() {
                next = openat(current, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
                guard next >= 0 else { continue }
                close(current)
                current = next
                guard let inner = level(current, &goesOn, visit) else { return }
                levels.append(inner)
            } else {
                levels.removeLast()
                guard let above = levels.last else { break }
                next = openat(current, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                guard next >= 0 else { return }
                close(current)
                current = next
                guard identity(current) == above.id else { return }
            }
        }
    }

    private static func identity(_ folder: Int32) -> ID? {
        var status = stat()
        return fstat(folder, &status) == 0 ? ID(status) : nil
    }

    /// Shows the entries of one folder and remembers those that are folders themselves.
    private static func level(_ folder: Int32, _ goesOn: inout Bool, _ visit: (stat) -> Bool) -> Level? {
        guard let id = identity(folder), let stream = fdopendir(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) else { return nil }
        defer { closedir(stream) }
        var level = Level(id: id, folders: [])
        while goesOn, let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { Array(UnsafeBufferPointer(start: $0, count: strlen($0) + 1)) }
            }
            if name == [46, 0] || name == [46, 46, 0] { continue }
            var status = stat()
            guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { continue }
            goesOn = visit(status)
            if status.st_mode & S_IFMT == S_IFDIR { level.folders.append(name) }
        }
        return level
    }
}
