import Glibc

/// Files that the kernel writes while they are read (`/proc`, `/sys`). They have no size, and come a page at a time: whoever takes a short
/// read for the end, as Foundation does, sees 4 KiB of a table of mounts.
enum KernelFile {
    /// Nil when it cannot be opened. What comes after the first `most` bytes is left out: a tenant decides how long some of them are.
    static func read(_ path: String, upTo most: Int = 64 << 20) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: min(16384, most))
        while bytes.count < most {
            let count = Glibc.read(descriptor, &part, min(part.count, most - bytes.count))
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
