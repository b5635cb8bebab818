import Foundation
import Glibc

/// Folders far beyond reason, made in a second or two.
public enum HostileFolder {
    public static let levels = 100_000
    public static let entries = 200_000

    /// Makes `levels` folders in a folder that is there, each named "d" in the one before, with a file "f" of a byte in the last.
    public static func makeDeep(in path: String, levels: Int = levels) throws {
        var current = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard current >= 0 else { throw failure() }
        defer { close(current) }
        for _ in 0..<levels {
            guard mkdirat(current, "d", 0o755) == 0 else { throw failure() }
            let next = openat(current, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard next >= 0 else { throw failure() }
            close(current)
            current = next
        }
        let file = openat(current, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        defer { close(file) }
        guard file >= 0, write(file, "x", 1) == 1 else { throw failure() }
    }

    /// Makes `entries` empty files in a folder that is there.
    public static func makeWide(in path: String, entries: Int = entries) throws {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw failure() }
        defer { close(folder) }
        for number in 0..<entries where mknodat(folder, "f\(number)", S_IFREG | 0o644, 0) != 0 { throw failure() }
    }

    /// Whatever a test left: `rm` goes as deep as folders go.
    static func remove(_ path: String) {
        let program = Process()
        program.executableURL = URL(fileURLWithPath: "/bin/rm")
        program.arguments = ["-rf", path]
        try? program.run()
        program.waitUntilExit()
    }

    private static func failure() -> POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}
