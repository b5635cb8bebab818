import Foundation
import Glibc
import NIOHTTP1
import NIOPosix
import WeirModel

/// How one launch gets its limited scratch.
enum PreparedScratch: Hashable, Sendable {
    case none
    /// A folder of the instance's own file system.
    case folder(String)
    case memory(Bytes)
    /// The root layer as a whole is limited, /scratch with it.
    case rootLayer(Bytes)
}

/// The file system in a file that holds all that an instance writes and nobody keeps: /scratch, and its root layer. Both share
/// the flavor's scratch, and end with it: ENOSPC for bytes and for inodes, whoever writes and however fast (STO-13).
struct InstanceDisk: Sendable {
    let folder: String
    let way: HostProfile.ScratchWay
    let podman: PodmanSocket
    private let namespace: PodmanNamespace
    private let images: ImageFile

    init(folder: String, way: HostProfile.ScratchWay, reserve: Bytes?, podman: PodmanSocket) {
        self.folder = folder
        self.way = way
        self.podman = podman
        namespace = PodmanNamespace(socket: podman.path)
        images = ImageFile(folder: folder, purpose: .instance, reserve: reserve)
    }

    /// The room of the root layer of an instance whose flavor has no scratch.
    static let leastLayer = Bytes.gib(1)

    private func file(of instance: Identifier<Instance>) -> String { "\(folder)/\(instance).img" }
    private func mountPoint(of instance: Identifier<Instance>) -> String { "\(folder)/\(instance)" }

    func prepare(_ instance: Identifier<Instance>, size: Bytes) async throws -> PreparedScratch {
        switch way {
        case .projectQuota: return size.count > 0 ? .rootLayer(size) : .none
        case .memory: return size.count > 0 ? .memory(size) : .none
        case .loopFile:
            let wanted = size.count > 0 ? size : Self.leastLayer
            // ext4 keeps a part for itself: a little is added so that the person gets what the flavor says.
            let whole = wanted + Bytes(max(wanted.count / 50, 4 << 20))
            try await blocking {
                let path = mountPoint(of: instance)
                try images.make(file(of: instance), size: whole)
                try StorageFault.telling {
                    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                }
                try LoopMount.mount(file(of: instance), at: path, also: namespace.other)
                // For no other user of the host.
                chmod(path, 0o700)
                rmdir(path + "/lost+found")
                // What lies in a folder that is root's alone is mounted all the same.
                mkdir(path + "/closed", 0o700)
                mkdir(path + "/closed/scratch", 0o755)
                mkdir(path + "/layer", 0o700)
            }
            return size.count > 0 ? .folder(mountPoint(of: instance) + "/closed/scratch") : .none
        }
    }

    /// Puts the root layer of a container that was made and not started onto the instance's file system: the folder in which
    /// Podman keeps it becomes a link. `upper` is the folder that takes what the container changes.
    ///
    /// Not a mount over that folder: Podman unmounts the folder of all layers when no container runs, and what is mounted in
    /// it goes with it; nor could it remove the container. A link it removes as it would the folder.
    func takeLayer(_ upper: String, of instance: Identifier<Instance>) async throws {
        guard way == .loopFile else { return }
        try await blocking {
            let layer = podmanRoot + (upper as NSString).deletingLastPathComponent
            let own = mountPoint(of: instance) + "/layer"
            let aside = layer + ".weir"
            if (try? FileManager.default.destinationOfSymbolicLink(atPath: layer)) == nil {
                let copied = try HostCommand.runBlocking(["cp", "-a", layer + "/.", own])
                guard copied.status == 0 else {
                    if StorageFault.isFull(said: copied.output) { throw WeirError.storageFull() }
                    throw WeirError.hostCommandFailed("cp", String(copied.output.suffix(400)))
                }
                unlink(aside)
                guard symlink(own, aside) == 0, Kernel.exchange(aside, layer) == 0 else {
                    throw WeirError.hostCommandFailed("rename", String(cString: strerror(errno)))
                }
            }
            // The folder as Podman had made it, empty.
            try? FileManager.default.removeItem(atPath: aside)
        }
    }

    /// The path through which the folders that Podman mounts are reached.
    var podmanRoot: String { namespace.other?.root ?? "" }

    func closeLayer(_ upper: String, to ranges: UserRanges) throws {
        try RootLayer.close(podmanRoot + (upper as NSString).deletingLastPathComponent, to: ranges)
    }

    func remove(_ instance: Identifier<Instance>) async throws {
        guard way == .loopFile else { return }
        unlink(SparseFile.unfinished(file(of: instance)))
        guard FileManager.default.fileExists(atPath: file(of: instance)) else { return }
        if !FileManager.default.fileExists(atPath: mountPoint(of: instance)) { try await removeVolume(of: instance) }
        try await blocking {
            LoopMount.unmount(mountPoint(of: instance), also: namespace.other)
            unlink(file(of: instance))
            rmdir(mountPoint(of: instance))
        }
    }

    /// Includes instances that this installation knows nothing of: for the end of a test.
    func removeAll() async throws {
        guard way == .loopFile else { return }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasSuffix(".img") {
            if let instance = Identifier<Instance>(String(name.dropLast(4))) { try await remove(instance) }
        }
    }

    /// Instances of former versions have their scratch from a volume of Podman's, which counts its mounts wrongly when the
    /// container has users of its own, and leaves it mounted.
    private func removeVolume(of instance: Identifier<Instance>) async throws {
        struct Volume: Decodable { var Mountpoint: String }
        do {
            let answer = try await podman.call(.GET, "/volumes/\(instance)-scratch/json")
            let volume = try podman.decode(Volume.self, from: answer)
            try await blocking { LoopMount.unmount(volume.Mountpoint, also: namespace.other) }
            _ = try await podman.call(.DELETE, "/volumes/\(instance)-scratch", ["force": "true"])
        } catch let refusal as PodmanRefusal where refusal.isMissing {}
    }

    private func blocking(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}
