import Foundation
public import WeirModel

/// A disk of its own, which is a file: what is full on it is full for nobody else.
public struct SmallDisk: Sendable {
    public let folder: TemporaryFolder
    /// Where it is mounted.
    public let path: String

    public init(_ size: Bytes) throws {
        folder = try TemporaryFolder("weir-disk")
        path = folder.path + "/disk"
        let file = folder.path + "/disk.img"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Self.run("truncate", "-s", String(size.count), file)
        try Self.run("mkfs.ext4", "-q", "-F", "-m", "0", "-E", "nodiscard", file)
        try Self.run("mount", "-o", "loop,discard", file, path)
    }

    /// What a program can still take.
    public var free: Bytes {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)
        return Bytes((attributes?[.systemFreeSize] as? NSNumber)?.int64Value ?? 0)
    }

    /// Takes all that is left.
    public func fill(_ name: String = "filler") {
        try? Self.run("sh", "-c", "cat /dev/zero >> \(path)/\(name) 2>/dev/null; true")
    }

    private static func run(_ command: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw CocoaError(.fileWriteUnknown, userInfo: ["command": command]) }
    }
}
