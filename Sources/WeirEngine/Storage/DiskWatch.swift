import Foundation
import Glibc
public import Logging
import Synchronization
public import WeirModel

/// Keeps the host's disk from being filled: it looks at what is free, and sets what each file system in a file below its folder
/// may still take (`/sys/fs/ext4/loop7/reserved_clusters`, which holds for every writer at once, root included).
///
/// A file system whose file cannot grow any more would lose data that was written to it. So all of them together may never take
/// more than the host has above its reserve; who writes then gets ENOSPC, as on any full disk, and goes on when there is space.
public final class DiskWatch: Sendable {
    private let folder: String
    /// The operator's decision; nil takes the standard.
    let configured: Bytes?
    private let logger: Logger
    private let state = Mutex(State())

    private struct State {
        /// The bounds that are somebody's decision, by the folder on which the file system is mounted.
        var bounds: [String: Bytes] = [:]
        var used: [String: Int64] = [:]
        var reserved: [String: Int64] = [:]
        var zone = SpaceShare.Zone.plenty
        var isTold = false
        var mounts: [LoopFileSystem] = []
        var table: MountChanges?
    }

    /// - Parameters:
    ///   - folder: the data folder; all that lies on its disk counts, all that is mounted below it is bounded.
    ///   - reserve: nil takes the standard of a disk of this size.
    public init(folder: String, reserve: Bytes? = nil, logger: Logger) {
        self.folder = folder
        configured = reserve
        self.logger = logger
    }

    /// Looks for as long as it is not cancelled. At the end everything is divided: workloads go on, and nobody looks.
    ///
    /// The looks have a thread of their own. Deleted space can be written again before the host has it back; only the next look
    /// takes that into account, so it must not wait until another task leaves a shared thread.
    public func run() async {
        let ending = DispatchSemaphore(value: 0)
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let thread = Thread {
                    while ending.wait(timeout: .now() + self.look().pause) == .timedOut {}
                    self.look(isLast: true)
                    continuation.resume()
                }
                thread.name = "weir-disk"
                thread.start()
            }
        } onCancel: {
            ending.signal()
        }
    }

    public func reserve(of disk: Bytes) -> Bytes { configured ?? DiskReserve.standard(of: disk) }

    /// Nothing is left above the reserve: tenants' writes are refused.
    public var isFull: Bool {
        guard let host = FileSystemSpace(of: folder) else { return false }
        return host.available <= reserve(of: host.size)
    }

    /// What the operator has to know.
    public var complaints: [Complaint] {
        guard isFull else { return [] }
        return [
            Complaint(
                "disk_full",
                LocalizedText(
                    "The disk is full up to its reserve: people can log in, read and delete, and nothing can be added.",
                    zh: "磁盘已用至预留空间：可登录、读取和删除，但不能新增内容。"))
        ]
    }

    /// What is mounted there takes no more than `bound`, from now on; nil for what the host has.
    func setBound(_ bound: Bytes?, at path: String) {
        state.withLock { $0.bounds[path] = bound }
        look()
    }

    /// What may lie in what is mounted there.
    func bound(at path: String) -> Bytes? {
        guard let inner = FileSystemSpace(of: path), let host = FileSystemSpace(of: folder) else { return nil }
        let most = min(inner.size, host.size - reserve(of: host.size))
        return state.withLock { $0.bounds[path].map { min($0, most) } ?? most }
    }

    /// One look; blocks for some microseconds a file system.
    @discardableResult
    func look(isLast: Bool = false) -> SpaceShare.Zone {
        state.withLock { state in
            if state.table?.haveChanged ?? true {
                state.table = state.table ?? MountChanges()
                state.mounts = LoopFileSystem.below(folder)
                let paths = Set(state.mounts.map(\.path))
                state.used = state.used.filter { paths.contains($0.key) }
                state.reserved = state.reserved.filter { paths.contains($0.key) }
            }
            guard let host = FileSystemSpace(of: folder) else { return .near }
            let reserve = reserve(of: host.size)
            let most = host.size - reserve
            var seen: [(mount: LoopFileSystem, space: FileSystemSpace, bound: Int64)] = []
            var writers: [SpaceShare.Writer] = []
            for mount in state.mounts {
                guard let space = FileSystemSpace(of: mount.path) else { continue }
                let bound = min(state.bounds[mount.path] ?? most, space.size).count
                seen.append((mount, space, bound))
                writers.append(
                    SpaceShare.Writer(
                        room: Bytes(bound - space.used.count),
                        pending: SpaceShare.pending(
                            used: space.used, unplaced: Bytes(mount.unplacedBlocks * space.block), taken: Bytes(mount.taken)),
                        isWriting: space.used.count > state.used[mount.path] ?? 0))
                state.used[mount.path] = space.used.count
            }
            let share = SpaceShare(above: Bytes(host.available.count - reserve.count))
            let zone = isLast ? .last : share.zone(writers)
            for ((mount, space, bound), allowed) in zip(seen, share.shares(writers, in: zone)) {
                let blocks = max(space.size.count - bound, space.free.count - allowed.count) / space.block
                let reserved = min(max(blocks, 0), space.size.count / space.block - 1)
                guard state.reserved[mount.path] != reserved else { continue }
                if mount.reserve(reserved) {
                    state.reserved[mount.path] = reserved
                } else if !state.isTold {
                    state.isTold = true
                    logger.error("a volume cannot be bounded", metadata: ["volume": "\(mount.path)"])
                }
            }
            if zone == .last, state.zone != .last, !isLast {
                logger.error(
                    "the disk is nearly full: what all may still write is divided",
                    metadata: ["folder": "\(folder)", "free": "\(host.available)", "reserve": "\(reserve)"])
            }
            state.zone = zone
            return zone
        }
    }
}

/// One file system in a file that is mounted below the data folder.
struct LoopFileSystem: Hashable, Sendable {
    var path: String
    var device: String
    var file: String

    /// What its file has taken from the host.
    var taken: Int64 {
        var status = stat()
        return stat(file, &status) == 0 ? Int64(status.st_blocks) * 512 : 0
    }

    /// Written and still without a place, in memory alone.
    var unplacedBlocks: Int64 {
        let text = KernelFile.read("/sys/fs/ext4/\(device)/delayed_allocation_blocks")
        return text.flatMap { Int64($0.trimmingCharacters(in: .newlines)) } ?? 0
    }

    /// So many of its blocks are given to nobody.
    func reserve(_ blocks: Int64) -> Bool {
        let file = open("/sys/fs/ext4/\(device)/reserved_clusters", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        let text = String(blocks)
        return text.withCString { write(file, $0, strlen($0)) } > 0
    }

    static func below(_ folder: String) -> [LoopFileSystem] {
        var found: [String: LoopFileSystem] = [:]
        for mount in MountTable.current() {
            guard mount.type == "ext4", mount.device.hasPrefix("/dev/loop"), mount.path.hasPrefix(folder + "/") else { continue }
            let device = String(mount.device.dropFirst(5))
            guard let text = KernelFile.read("/sys/block/\(device)/loop/backing_file") else { continue }
            let file = text.trimmingCharacters(in: .newlines)
            found[device] = LoopFileSystem(path: mount.path, device: device, file: file)
        }
        return found.values.sorted { $0.path < $1.path }
    }
}

/// Tells whether anything was mounted or unmounted since it was asked last.
private struct MountChanges: Sendable {
    private let descriptor: Descriptor

    private final class Descriptor: Sendable {
        let number = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC)
        deinit { if number >= 0 { close(number) } }
    }

    init() { descriptor = Descriptor() }

    var haveChanged: Bool {
        guard descriptor.number >= 0 else { return true }
        var question = pollfd(fd: descriptor.number, events: Int16(POLLPRI), revents: 0)
        return poll(&question, 1, 0) != 0
    }
}
