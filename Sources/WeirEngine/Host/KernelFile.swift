import Glibc

/// Files that the kernel writes while they are read (`/proc`, `/sys`). They have no size, and come a page at a time: whoever takes a short
/// read for the end, as Foundation does, sees 4 KiB of a table of mounts.
enum KernelFile {
    private static let most = 64 << 20

    /// Nil when it cannot be opened.
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 16384)
        while bytes.count < most {
            let count = Glibc.read(descriptor, &part, part.count)
            guard count > 0 else { break }
            bytes += part[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
