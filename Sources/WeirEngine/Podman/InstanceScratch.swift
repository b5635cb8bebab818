import Foundation
import Glibc
import NIOHTTP1
import NIOPosix
import WeirModel

/// How one launch gets its limited scratch.
enum PreparedScratch: Hashable, Sendable {
    case none
    /// A volume of Podman's that mounts a file of ours.
    case volume(String)
    case memory(Bytes)
    /// The root layer as a whole is limited, /scratch with it.
    case rootLayer(Bytes)
}

/// The files that hold scratch where the host has no quotas: a file system of the right size in a sparse file. Podman
/// mounts it as a volume of the container, in its own mount namespace, and unmounts it when the container ends.
struct InstanceScratch: Sendable {
    var folder: String
    var way: HostProfile.ScratchWay
    var installation: String
    var podman: PodmanSocket

    private struct VolumeRequest: Encodable {
        var Name: String
        var Driver = "local"
        var Options: [String: String]
        var Label: [String: String]
    }

    static func volume(of instance: Identifier<Instance>) -> String { "\(instance)-scratch" }

    private func file(of instance: Identifier<Instance>) -> String { "\(folder)/\(instance).img" }

    func prepare(_ instance: Identifier<Instance>, size: Bytes) async throws -> PreparedScratch {
        guard size.count > 0 else { return .none }
        switch way {
        case .projectQuota: return .rootLayer(size)
        case .memory: return .memory(size)
        case .loopFile:
            let file = file(of: instance)
            let template = try await template(size)
            async let copied: Void = NIOThreadPool.singleton.runIfActive { try SparseFile.copy(template, to: file) }
            let volume = Self.volume(of: instance)
            let request = VolumeRequest(
                Name: volume, Options: ["type": "ext4", "device": file, "o": "loop,nosuid,nodev"],
                Label: [Label.installation: installation])
            do {
                _ = try await podman.call(.POST, "/volumes/create", body: JSONEncoder().encode(request))
            } catch let refusal as PodmanRefusal where refusal.isConflict {
                // A launch that was cut short made it.
            }
            try await copied
            return .volume(volume)
        }
    }

    func remove(_ instance: Identifier<Instance>) async throws {
        guard way == .loopFile else { return }
        let file = file(of: instance)
        let unfinished = SparseFile.unfinished(file)
        guard [file, unfinished].contains(where: { FileManager.default.fileExists(atPath: $0) }) else { return }
        try await unmount(instance)
        do {
            _ = try await podman.call(.DELETE, "/volumes/\(Self.volume(of: instance))", ["force": "true"])
        } catch let refusal as PodmanRefusal where refusal.isMissing {}
        _ = unlink(file)
        _ = unlink(unfinished)
    }

    /// Podman 4.3 counts the mount of a container with users of its own twice and leaves it: done here, in the mount
    /// namespace in which Podman lives.
    private func unmount(_ instance: Identifier<Instance>) async throws {
        struct Volume: Decodable { var Mountpoint: String }
        let volume: Volume
        do {
            let answer = try await podman.call(.GET, "/volumes/\(Self.volume(of: instance))/json")
            volume = try podman.decode(Volume.self, from: answer)
        } catch let refusal as PodmanRefusal where refusal.isMissing {
            return
        }
        guard let server = PeerProcess.of(socket: podman.path) else { return }
        let mounts = InstanceCgroup.read("/proc/\(server)/mounts") ?? ""
        guard mounts.contains(" \(volume.Mountpoint) ") else { return }
        let done = try await HostCommand.run(["nsenter", "-m", "-t", String(server), "umount", "-l", volume.Mountpoint])
        guard done.status == 0 else { throw WeirError.hostCommandFailed("umount", done.output) }
    }

    /// Formatting takes a process; a copy of the few blocks that it writes does not. One template for each size.
    private func template(_ size: Bytes) async throws -> String {
        let path = "\(folder)/template-\(size.count).img"
        if FileManager.default.fileExists(atPath: path) { return path }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let unfinished = "\(path).\(UInt64.random(in: .min ... .max))"
        // ext4 keeps a part for itself: a little is added so that the person gets what the flavor says.
        let whole = size.count + max(size.count / 50, 4 << 20)
        guard FileManager.default.createFile(atPath: unfinished, contents: nil, attributes: [.posixPermissions: 0o600]),
            truncate(unfinished, Int(whole)) == 0
        else { throw WeirError.hostCommandFailed("truncate", unfinished) }
        let made = try await HostCommand.run([
            "mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard,root_owner=0:0", "-m", "0",
            "-i", whole > 4 << 30 ? "65536" : "16384", unfinished,
        ])
        guard made.status == 0 else { throw WeirError.hostCommandFailed("mkfs.ext4", made.output) }
        try await NIOThreadPool.singleton.runIfActive { try SparseFile.sync(unfinished) }
        guard rename(unfinished, path) == 0 else { throw WeirError.hostCommandFailed("rename", path) }
        return path
    }
}

enum SparseFile {
    /// What a copy is called until it is whole.
    static func unfinished(_ target: String) -> String { target + ".unfinished" }

    /// Copies the parts of a file that hold data, and the holes as holes. The target has its name only when all of it is on the disk: what
    /// a kill or a loss of power cuts off is begun anew. An existing target is kept as it is.
    static func copy(_ source: String, to target: String) throws {
        if access(target, F_OK) == 0 { return }
        let from = open(source, O_RDONLY | O_CLOEXEC)
        guard from >= 0 else { throw failure() }
        defer { close(from) }
        let unfinished = unfinished(target)
        let to = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard to >= 0 else { throw failure() }
        defer { close(to) }
        let size = lseek(from, 0, SEEK_END)
        guard ftruncate(to, size) == 0 else { throw failure() }
        var block = [UInt8](repeating: 0, count: 256 << 10)
        var position = lseek(from, 0, SEEK_DATA)
        while position >= 0 && position < size {
            let end = lseek(from, position, SEEK_HOLE)
            while position < end {
                let count = pread(from, &block, min(block.count, end - position), position)
                guard count > 0, pwrite(to, block, count, position) == count else { throw failure() }
                position += count
            }
            position = lseek(from, end, SEEK_DATA)
        }
        guard fdatasync(to) == 0, link(unfinished, target) == 0 || errno == EEXIST else { throw failure() }
        _ = unlink(unfinished)
    }

    static func sync(_ path: String) throws {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        guard fdatasync(file) == 0 else { throw failure() }
    }

    private static let SEEK_DATA: Int32 = 3
    private static let SEEK_HOLE: Int32 = 4

    private static func failure() -> POSIXError { POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
}
