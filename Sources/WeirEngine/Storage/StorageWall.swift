import Foundation
public import WeirModel

/// Holds what is written to a folder to its bound in bytes and inodes, whoever writes: Weir, a person, a container.
///
/// The calls block and are short; they belong on a thread pool.
public protocol StorageWall: Sendable {
    /// Makes the volume's folder and whatever bounds it, or finds them as they were left. Quick when it is open already.
    func open(_ volume: StorageVolume, at path: String) throws
    /// From now on the volume takes no more than this; nil for the default: what the host has above its reserve. A bound below
    /// what is there already lets nothing be added and takes nothing away.
    func setBound(_ bound: Bytes?, of volume: StorageVolume) throws
    /// Nil for a volume that is not open, or where nothing is bounded.
    func use(of volume: StorageVolume) -> VolumeUse?
    /// Deletes the volume with everything in it.
    func remove(_ volume: StorageVolume, at path: String) throws
}

/// What a volume holds and may hold.
public struct VolumeUse: Hashable, Sendable {
    public var bytes: Bytes
    public var mostBytes: Bytes
    public var inodes: Int64
    public var mostInodes: Int64

    public init(bytes: Bytes, mostBytes: Bytes, inodes: Int64, mostInodes: Int64) {
        self.bytes = bytes
        self.mostBytes = mostBytes
        self.inodes = inodes
        self.mostInodes = mostInodes
    }
}

/// Plain folders, bounded by the host's disk alone: for tests, and for hosts that have neither loop devices nor project quotas.
public struct NoWall: StorageWall {
    public init() {}

    public func open(_ volume: StorageVolume, at path: String) throws {
        try StorageFault.telling {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        }
    }

    public func setBound(_ bound: Bytes?, of volume: StorageVolume) throws {}

    public func use(of volume: StorageVolume) -> VolumeUse? { nil }

    public func remove(_ volume: StorageVolume, at path: String) throws {
        try Folder.remove(path)
    }
}
