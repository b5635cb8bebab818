import Foundation
import Glibc
import Synchronization
public import WeirModel

/// A wall of project quotas, where the file system of the data folder counts them: XFS mounted with `pquota`, ext4 with `prjquota`.
/// Each volume is a plain folder with a project number of its own, and the kernel refuses what goes above the project's limits.
public final class ProjectQuotas: StorageWall {
    public enum Kind: Hashable, Sendable { case xfs, ext4 }

    typealias Runner = @Sendable ([String]) throws -> (status: Int32, output: String)

    private let kind: Kind
    /// Where the file system is mounted.
    private let mount: String
    /// Keeps the numbers that were given out.
    private let folder: String
    private let reserve: Bytes?
    private let removeFolder: @Sendable (String) throws -> Void
    private let run: Runner
    private let state = Mutex(State())

    private struct State {
        var numbers: [String: Int]?
        var paths: [StorageVolume: String] = [:]
        var bounds: [StorageVolume: Bytes] = [:]
    }

    /// Numbers below are left to the site.
    private static let firstNumber = 1_000_001
    /// As many as a loop volume of a usual disk has.
    private static let inodes: Int64 = 4 << 20

    public convenience init(kind: Kind, mount: String, folder: String, reserve: Bytes?) {
        self.init(
            kind: kind, mount: mount, folder: folder, reserve: reserve,
            run: {
                let done = try HostCommand.runBlocking($0)
                return (done.status, done.output)
            })
    }

    init(
        kind: Kind, mount: String, folder: String, reserve: Bytes?,
        removeFolder: @escaping @Sendable (String) throws -> Void = { try Folder.remove($0) }, run: @escaping Runner
    ) {
        self.kind = kind
        self.mount = mount
        self.folder = folder
        self.reserve = reserve
        self.removeFolder = removeFolder
        self.run = run
    }

    public func open(_ volume: StorageVolume, at path: String) throws {
        try state.withLock { state in
            if state.paths[volume] == path { return }
            try StorageFault.telling { try make(volume, at: path, &state) }
        }
    }

    private func make(_ volume: StorageVolume, at path: String, _ state: inout State) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        let (number, isNew) = try number(of: volume, &state)
        // A kill may have come between the number and the command; what is in the folder carries it, once there is something.
        if try isNew || FileManager.default.contentsOfDirectory(atPath: path).isEmpty {
            switch kind {
            case .xfs: try command("xfs_quota", "-x", "-c", "project -s -p \(path) \(number)", mount)
            case .ext4: try command("chattr", "-R", "+P", "-p", String(number), path)
            }
        }
        try limit(number, to: bound(state.bounds[volume]))
        state.paths[volume] = path
    }

    public func setBound(_ bound: Bytes?, of volume: StorageVolume) throws {
        try state.withLock { state in
            state.bounds[volume] = bound
            guard state.paths[volume] != nil else { return }
            try limit(try number(of: volume, &state).number, to: self.bound(bound))
        }
    }

    /// A folder with a project answers for its project when it is asked how much space there is.
    public func use(of volume: StorageVolume) -> VolumeUse? {
        guard let path = state.withLock({ $0.paths[volume] }), let space = FileSystemSpace(of: path) else { return nil }
        return VolumeUse(
            bytes: space.used, mostBytes: space.size, inodes: space.inodes - space.freeInodes, mostInodes: space.inodes)
    }

    public func remove(_ volume: StorageVolume, at path: String) throws {
        state.withLock { state in
            state.paths[volume] = nil
            state.bounds[volume] = nil
        }
        // A volume with many files takes its time, and other volumes do not wait for it.
        try removeFolder(path)
        // The number is not given out again: what a container still has open counts for it.
        try state.withLock { try limit(try number(of: volume, &$0).number, to: nil) }
    }

    /// What the disk has above its reserve, or what was decided where that is less.
    private func bound(_ decided: Bytes?) -> Bytes? {
        guard let disk = FileSystemSpace(of: mount) else { return decided }
        let most = disk.size - (reserve ?? DiskReserve.standard(of: disk.size))
        return decided.map { min($0, most) } ?? most
    }

    /// Nil takes the limit away; 0 would mean none, so that the least is one block.
    private func limit(_ number: Int, to bound: Bytes?) throws {
        let kibibytes = bound.map { max($0.count / 1024, 4) } ?? 0
        let inodes = bound == nil ? 0 : Self.inodes
        switch kind {
        case .xfs:
            try command("xfs_quota", "-x", "-c", "limit -p bhard=\(kibibytes)k ihard=\(inodes) \(number)", mount)
        case .ext4: try command("setquota", "-P", String(number), "0", String(kibibytes), "0", String(inodes), mount)
        }
    }

    private func command(_ arguments: String...) throws {
        let done = try run(arguments)
        // xfs_quota says what went wrong and ends with 0.
        guard done.status == 0, kind == .ext4 || !done.output.contains("xfs_quota: ") else {
            throw WeirError.hostCommandFailed(arguments[0], done.output)
        }
    }

    /// The number is on the disk before it is used.
    private func number(of volume: StorageVolume, _ state: inout State) throws -> (number: Int, isNew: Bool) {
        var numbers = try state.numbers ?? read()
        if let number = numbers[volume.text] {
            state.numbers = numbers
            return (number, false)
        }
        let number = (numbers.values.max() ?? Self.firstNumber - 1) + 1
        numbers[volume.text] = number
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try numbers.sorted { $0.value < $1.value }.map { "\($0.value) \($0.key)\n" }.joined()
            .write(toFile: file, atomically: true, encoding: .utf8)
        try SparseFile.sync(folder)
        state.numbers = numbers
        return (number, true)
    }

    private var file: String { folder + "/projects" }

    private func read() throws -> [String: Int] {
        guard FileManager.default.fileExists(atPath: file) else { return [:] }
        let lines = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        return lines.reduce(into: [:]) { numbers, line in
            let words = line.split(separator: " ")
            if words.count == 2, let number = Int(words[0]) { numbers[String(words[1])] = number }
        }
    }
}

extension HostProfile {
    /// How what people and workspaces keep in a folder can be bounded.
    public enum VolumeWay: Hashable, Sendable {
        case projectQuota(ProjectQuotas.Kind, mount: String)
        case loopFile
        /// Nothing bounds it but the disk.
        case none
    }

    public func volumeWay(of folder: String) -> VolumeWay { Self.volumeWay(of: folder, in: MountTable.current()) }

    static func volumeWay(of folder: String, in mounts: [MountTable.Mount]) -> VolumeWay {
        let mount = MountTable.mount(of: folder, in: mounts)
        if let mount, mount.options.contains(where: { ["prjquota", "pquota"].contains($0) }) {
            if mount.type == "xfs", HostCommand.find("xfs_quota") != nil { return .projectQuota(.xfs, mount: mount.path) }
            if mount.type == "ext4", HostCommand.find("setquota") != nil { return .projectQuota(.ext4, mount: mount.path) }
        }
        let hasLoop = FileManager.default.fileExists(atPath: "/dev/loop-control") && geteuid() == 0
        return hasLoop && HostCommand.find("mkfs.ext4") != nil ? .loopFile : .none
    }
}
