import Foundation
import WeirModel

/// What this machine offers to containers; found once at the start, explained by `weir doctor`.
public struct HostProfile: Hashable, Sendable {
    public var cgroups: Cgroups
    /// cgroup v1 with a cgroup2 mount beside it that has controllers: crun refuses until that mount is out of sight.
    public var hybridCgroups: Bool
    /// Podman may be told the parent cgroup of a container (its manager is cgroupfs and not systemd).
    public var ownsCgroups: Bool
    /// Without CAP_SYS_RESOURCE, the default limits of Podman are refused by the kernel.
    public var canRaiseLimits: Bool
    /// Why containers cannot have users of their own; nil where they can.
    public var userNamespaceObstacle: UserNamespaceObstacle?
    public var scratch: ScratchWay
    /// The first process of containers: passes signals on, reaps orphans.
    public var initProgram: String?
    /// CDI names of the GPUs: `nvidia.com/gpu=0`, with the memory of each where it is known.
    public var gpus: [EngineGPU]

    public enum Cgroups: String, Hashable, Sendable { case v1, v2 }

    /// How the size of scratch is held to its limit.
    public enum ScratchWay: String, Hashable, Sendable {
        /// XFS with project quotas below Podman's storage: the whole root layer is limited.
        case projectQuota
        /// A file with a file system of its own at /scratch.
        case loopFile
        /// A file system in memory; counts as the instance's memory.
        case memory
    }

    public init(
        cgroups: Cgroups, hybridCgroups: Bool = false, ownsCgroups: Bool = true, canRaiseLimits: Bool = true,
        userNamespaceObstacle: UserNamespaceObstacle? = nil, scratch: ScratchWay = .loopFile, initProgram: String? = nil,
        gpus: [EngineGPU] = []
    ) {
        self.cgroups = cgroups
        self.hybridCgroups = hybridCgroups
        self.ownsCgroups = ownsCgroups
        self.canRaiseLimits = canRaiseLimits
        self.userNamespaceObstacle = userNamespaceObstacle
        self.scratch = scratch
        self.initProgram = initProgram
        self.gpus = gpus
    }

    /// Podman gives each container users of its own from a range of the host's.
    public var subordinateIDs: Bool { userNamespaceObstacle == nil }

    /// The limits to be named for each container; none where Podman's own may be used.
    var processLimits: [ContainerSpec.ProcessLimit] {
        canRaiseLimits
            ? []
            : [
                .init(type: "nofile", hard: Self.openFiles, soft: Self.openFiles),
                .init(type: "nproc", hard: Self.userProcesses, soft: Self.userProcesses),
            ]
    }

    static let openFiles = 20_000
    static let userProcesses = 10_000
}

extension HostProfile {
    /// Reads what the kernel and the installed programs tell. `externalPodman`: the service is not Weir's own, so the
    /// site decides on its cgroup manager.
    public static func detect(externalPodman: Bool = false) async -> HostProfile {
        let mounts = MountTable.current()
        let unified = mounts.first { $0.path == "/sys/fs/cgroup" && $0.type == "cgroup2" } != nil
        let beside = mounts.first { $0.path == "/sys/fs/cgroup/unified" && $0.type == "cgroup2" }
        let hybrid = !unified && beside != nil
        return HostProfile(
            cgroups: unified ? .v2 : .v1, hybridCgroups: hybrid,
            ownsCgroups: !(externalPodman && FileManager.default.fileExists(atPath: "/run/systemd/system")),
            canRaiseLimits: hasCapability(24), userNamespaceObstacle: .onThisHost(), scratch: scratchWay(mounts),
            initProgram: ["/usr/libexec/podman/catatonit", "/usr/bin/catatonit", "/usr/bin/tini"]
                .first(where: FileManager.default.isExecutableFile(atPath:)),
            gpus: await GPUInventory.find())
    }

    private static func hasCapability(_ bit: UInt64) -> Bool {
        let status = KernelFile.read("/proc/self/status") ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let bits = line.flatMap { UInt64($0.dropFirst(7).trimmingCharacters(in: .whitespaces), radix: 16) } ?? 0
        return bits & (1 << bit) != 0
    }

    private static func scratchWay(_ mounts: [MountTable.Mount]) -> ScratchWay {
        let storage = MountTable.mount(of: "/var/lib/containers/storage", in: mounts)
        if storage?.type == "xfs", storage?.options.contains(where: { ["prjquota", "pquota"].contains($0) }) == true {
            return .projectQuota
        }
        let hasLoop = FileManager.default.fileExists(atPath: "/dev/loop-control")
        return hasLoop && HostCommand.find("mkfs.ext4") != nil ? .loopFile : .memory
    }
}

/// The mounts that this process sees.
enum MountTable {
    struct Mount: Hashable {
        var device: String
        var path: String
        var type: String
        var options: [String]
    }

    static func current() -> [Mount] { read("/proc/self/mounts") }

    /// Those that another process sees.
    static func current(of process: Int32) -> [Mount] { read("/proc/\(process)/mounts") }

    private static func read(_ file: String) -> [Mount] {
        (KernelFile.read(file) ?? "").split(separator: "\n").compactMap { line -> Mount? in
            let fields = line.split(separator: " ").map { String($0).replacing("\\040", with: " ") }
            guard fields.count >= 4 else { return nil }
            return Mount(
                device: fields[0], path: fields[1], type: fields[2],
                options: fields[3].split(separator: ",").map(String.init))
        }
    }

    /// The mount on which a path lies: the longest that leads to it, the last of equals.
    static func mount(of path: String, in mounts: [Mount]) -> Mount? {
        mounts.enumerated()
            .filter { path == $0.element.path || path.hasPrefix($0.element.path == "/" ? "/" : $0.element.path + "/") }
            .max { ($0.element.path.count, $0.offset) < ($1.element.path.count, $1.offset) }?.element
    }
}
