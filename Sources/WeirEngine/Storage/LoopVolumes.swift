import Foundation
import Glibc
public import Logging
import Synchronization
public import WeirModel

/// A wall of files: each volume is a file system in a sparse file, mounted `nosuid,nodev` at the volume's folder, in our mount
/// namespace and in Podman's. Weir leaves them mounted at its end, since workloads go on, and finds them at the next start.
public final class LoopVolumes: StorageWall {
    private let folder: String
    private let watch: DiskWatch
    private let podman: PodmanNamespace
    private let logger: Logger
    private let images: ImageFile
    private let state = Mutex(State())
    /// One volume is made or mounted at a time: the kernel gives loop devices out one by one.
    private let opening = Mutex(())

    private struct State {
        var paths: [StorageVolume: String] = [:]
        var bounds: [StorageVolume: Bytes] = [:]
        var closed: [StorageVolume: Closed] = [:]
        /// Volumes of which not all files could be brought over.
        var incomplete: Set<StorageVolume> = []
    }

    /// Why a volume could not be opened.
    private enum Closed {
        /// Its file system wants a person's decision.
        case damaged
        /// With what was said.
        case otherwise(String)
    }

    /// - Parameters:
    ///   - folder: where the files lie, `volumes` of the data folder.
    ///   - watch: of the disk on which they lie.
    ///   - socket: Podman's.
    public init(folder: String, watch: DiskWatch, socket: String?, logger: Logger) {
        self.folder = folder
        self.watch = watch
        self.logger = logger
        podman = PodmanNamespace(socket: socket)
        images = ImageFile(folder: folder, purpose: .volume, reserve: watch.configured)
        images.sweep()
    }

    /// What the operator has to know.
    public var complaints: [Complaint] {
        let (closed, incomplete) = state.withLock { ($0.closed, $0.incomplete) }
        let unopened = closed.sorted { $0.key.text < $1.key.text }.map { volume, why in
            switch why {
            case .damaged:
                Complaint(
                    "volume_damaged",
                    LocalizedText(
                        "The storage of \(volume.text) cannot be opened: run e2fsck on \(file(of: volume)).",
                        zh: "\(volume.text) 的存储无法打开：请对 \(file(of: volume)) 运行 e2fsck。"))
            case .otherwise(let said):
                Complaint(
                    "volume_closed",
                    LocalizedText(
                        "The storage of \(volume.text) cannot be opened; it is tried again when it is used: \(said.suffix(300))",
                        zh: "\(volume.text) 的存储无法打开，使用时将重试：\(said.suffix(300))"))
            }
        }
        return unopened
            + incomplete.map(\.text).sorted().map {
                Complaint(
                    "files_left_behind",
                    LocalizedText(
                        "Not all files of \($0) could be brought into its volume, paths that are too long, say: they lie in the folder beside it that ends with \(Self.left). Delete it when it is not needed.",
                        zh: "\($0) 的部分文件（例如路径过长）无法移入其卷，保留在旁边以 \(Self.left) 结尾的目录中。不再需要时请删除。"))
            }
    }

    public func open(_ volume: StorageVolume, at path: String) throws {
        if isOpen(volume, at: path) { return }
        try opening.withLock { _ in
            if isOpen(volume, at: path) { return }
            do {
                try StorageFault.telling { try mount(volume, at: path) }
                state.withLock { $0.closed[volume] = nil }
            } catch {
                // A full disk is no fault of the volume, and has a complaint of its own.
                if !StorageFault.isFull(error) {
                    let said = (error as? WeirError)?.message.en ?? "\(error)"
                    let isDamaged = (error as? WeirError)?.code == "volume_damaged"
                    state.withLock { $0.closed[volume] = isDamaged ? Closed.damaged : Closed.otherwise(said) }
                }
                logger.error("a volume cannot be opened", metadata: ["volume": "\(volume.text)", "error": "\(error)"])
                throw error
            }
        }
    }

    private func isOpen(_ volume: StorageVolume, at path: String) -> Bool {
        state.withLock { $0.paths[volume] } == path && LoopMount.isMounted(at: path, also: podman.other)
            && FileSystemSpace(of: path)?.isReadOnly == false
    }

    private func mount(_ volume: StorageVolume, at path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        try putAside(path)
        let file = file(of: volume)
        let size = try size()
        let isNew = !FileManager.default.fileExists(atPath: file)
        try images.make(file, size: size)
        // The kernel closes a file system whose file could not take what was written: the host was full all the same.
        if FileSystemSpace(of: path)?.isReadOnly == true, LoopMount.device(at: path) != nil {
            guard LoopMount.unmountIdle(path, also: podman.other) else {
                throw WeirError.volumeDamaged(
                    volume.text, "it is closed after an error of the disk; it is checked when nothing uses it any more")
            }
            try check(file, volume)
        }
        let grows = !isNew && grow(file, to: size)
        do {
            try LoopMount.mount(file, at: path, also: podman.other)
        } catch {
            guard LoopMount.device(at: path) == nil else { throw error }
            try check(file, volume)
            try LoopMount.mount(file, at: path, also: podman.other)
        }
        if isNew {
            rmdir(path + "/lost+found")
            chmod(path, 0o711)
        }
        if grows, let device = LoopMount.device(at: path) {
            let done = try HostCommand.runBlocking(["resize2fs", "/dev/\(device)"])
            if done.status != 0 {
                logger.warning("a volume keeps its size", metadata: ["volume": "\(volume.text)", "error": "\(done.output)"])
            }
        }
        watch.setBound(state.withLock { $0.bounds[volume] }, at: path)
        try bringOver(path, of: volume)
        state.withLock { $0.paths[volume] = path }
    }

    /// A folder that was plain until now: before there was a wall, its files lay there. They are copied in, and a kill in between only
    /// has them copied again.
    private func putAside(_ path: String) throws {
        guard LoopMount.device(at: path) == nil, try !FileManager.default.contentsOfDirectory(atPath: path).isEmpty else { return }
        guard rename(path, Self.freeName(beside: path, Self.plain)) == 0, mkdir(path, 0o711) == 0 else {
            throw WeirError.hostCommandFailed("rename", path)
        }
    }

    private func bringOver(_ path: String, of volume: StorageVolume) throws {
        for plain in Self.folders(beside: path, Self.plain) {
            let copied = try HostCommand.runBlocking(["cp", "-a", plain + "/.", path])
            if copied.status == 0 {
                try Folder.remove(plain)
            } else {
                guard !StorageFault.isFull(said: copied.output) else { throw WeirError.storageFull() }
                // A volume that opens with a part is worth more than none; the rest is kept for a person to look at.
                logger.error(
                    "files are left beside a volume", metadata: ["volume": "\(volume.text)", "error": "\(copied.output.suffix(300))"])
                guard rename(plain, Self.freeName(beside: path, Self.left)) == 0 else { throw WeirError.hostCommandFailed("rename", path) }
            }
        }
        let isIncomplete = !Self.folders(beside: path, Self.left).isEmpty
        state.withLock { state in
            state.incomplete.remove(volume)
            if isIncomplete { state.incomplete.insert(volume) }
        }
    }

    private static let plain = ".plain"
    private static let left = ".left"

    /// `PATH.plain`, `PATH.2.plain` and so on, in the order in which they were made: there is more than one when Weir ran without a wall
    /// again.
    private static func folders(beside path: String, _ ending: String) -> [String] {
        let (folder, name) = ((path as NSString).deletingLastPathComponent, (path as NSString).lastPathComponent)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasPrefix(name + ".") && $0.hasSuffix(ending) }.sorted { ($0.count, $0) < ($1.count, $1) }
            .map { "\(folder)/\($0)" }
    }

    private static func freeName(beside path: String, _ ending: String) -> String {
        var (name, number) = (path + ending, 1)
        while FileManager.default.fileExists(atPath: name) {
            number += 1
            name = "\(path).\(number)\(ending)"
        }
        return name
    }

    /// A journal that was cut off is played back by the mount; what is wrong beyond that is mended here where it can be without
    /// a person's decision.
    private func check(_ file: String, _ volume: StorageVolume) throws {
        logger.warning("a volume is checked", metadata: ["volume": "\(volume.text)"])
        let done = try HostCommand.runBlocking(["e2fsck", "-p", "-f", file])
        guard done.status < 4 else { throw WeirError.volumeDamaged(volume.text, done.output) }
    }

    /// The file is as large as the disk, so that the bound alone decides: a power of two, so that few templates are needed.
    private func size() throws -> Bytes {
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        guard let disk = FileSystemSpace(of: folder) else { throw WeirError.mountFailed(folder) }
        var size = Bytes.mib(64)
        while size < disk.size && size < Self.largest { size = Bytes(size.count * 2) }
        return size
    }

    /// ext4 keeps no file of 16 TiB.
    private static let largest = Bytes.gib(8 << 10)

    /// After the host got a larger disk.
    private func grow(_ file: String, to size: Bytes) -> Bool {
        var status = stat()
        guard stat(file, &status) == 0, Int64(status.st_size) < size.count else { return false }
        return truncate(file, Int(size.count)) == 0
    }

    private func file(of volume: StorageVolume) -> String { "\(folder)/\(volume.text).img" }

    public func setBound(_ bound: Bytes?, of volume: StorageVolume) {
        let path = state.withLock { state in
            state.bounds[volume] = bound
            return state.paths[volume]
        }
        if let path { watch.setBound(bound, at: path) }
    }

    public func use(of volume: StorageVolume) -> VolumeUse? {
        guard let path = state.withLock({ $0.paths[volume] }), let space = FileSystemSpace(of: path),
            let bound = watch.bound(at: path)
        else { return nil }
        return VolumeUse(
            bytes: space.used, mostBytes: bound, inodes: space.inodes - space.freeInodes, mostInodes: space.inodes)
    }

    public func remove(_ volume: StorageVolume, at path: String) throws {
        LoopMount.unmount(path, also: podman.other)
        state.withLock { state in
            state.paths[volume] = nil
            state.bounds[volume] = nil
            state.closed[volume] = nil
            state.incomplete.remove(volume)
        }
        unlink(file(of: volume))
        // It may be a plain folder still that was never opened.
        if LoopMount.device(at: path) == nil { try Folder.remove(path) }
        for folder in Self.folders(beside: path, Self.plain) + Self.folders(beside: path, Self.left) { try Folder.remove(folder) }
    }
}

extension LoopVolumes {
    /// Unmounts all that is mounted below a folder, in both namespaces: before the folder itself is removed.
    public static func unmountAll(below folder: String, socket: String? = nil) {
        let podman = PodmanNamespace(socket: socket)
        let ours = MountTable.current().map(\.path)
        let theirs = podman.other.map { MountTable.current(of: $0.process).map(\.path) } ?? []
        // What was mounted last may lie on what was mounted before.
        for path in (theirs + ours).reversed() where path.hasPrefix(folder + "/") { LoopMount.unmount(path, also: podman.other) }
    }
}

extension WeirError {
    static func volumeDamaged(_ volume: String, _ detail: String) -> WeirError {
        WeirError(
            "volume_damaged", .unavailable, subject: volume,
            LocalizedText("The storage of \(volume) is damaged: \(detail.suffix(300))", zh: "\(volume) 的存储已损坏：\(detail.suffix(300))"),
            remedy: LocalizedText(
                "The operator runs e2fsck on the volume's file, which asks what to do with what it finds.",
                zh: "请运营管理员对该卷的文件运行 e2fsck，按其提示处理。"))
    }
}
