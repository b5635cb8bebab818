import Foundation
public import WeirModel

/// What `weir doctor` found out about one thing.
public struct HostCheck: Hashable, Sendable {
    /// Stable and short: `podman`, `scratch`.
    public var name: String
    public var status: Status
    public var finding: LocalizedText
    /// What the operator can do; nil when nothing has to be done.
    public var remedy: LocalizedText?

    public enum Status: String, Hashable, Sendable, Codable {
        case ok
        /// Weir works, with less than it could.
        case warning
        /// Weir does not work.
        case failed
    }

    init(_ name: String, _ status: Status, _ finding: LocalizedText, remedy: LocalizedText? = nil) {
        self.name = name
        self.status = status
        self.finding = finding
        self.remedy = remedy
    }
}

/// Looks at the host for `weir doctor`, and starts Podman's service if it does not run.
public struct HostChecks: Sendable {
    private let service: PodmanService
    private let profile: HostProfile
    /// Folders whose disks are looked at: Weir's data, scratch.
    private let folders: [String]
    /// `docker.io` or `registry.example.org:5000`; nil when none is configured.
    private let registry: String?
    /// Whether Weir runs no tenants without.
    private let requiresUserNamespaces: Bool

    static let leastFree: Int64 = 20 << 30

    public init(service: PodmanService, folders: [String], registry: String? = nil, requiresUserNamespaces: Bool = true) {
        self.service = service
        profile = service.profile
        self.folders = folders
        self.registry = registry
        self.requiresUserNamespaces = requiresUserNamespaces
    }

    public func run() async -> [HostCheck] {
        var checks = [await podman(), await socket(), cgroups(), limits(), userNamespaces(), scratch(), wall(), await firewall(), gpus()]
        if let sharing = sharing() { checks.append(sharing) }
        checks += (["/var/lib/containers"] + folders).map(disk)
        if let registry { checks.append(await reachable(registry)) }
        return checks
    }

    private func podman() async -> HostCheck {
        guard let answer = try? await HostCommand.run(["podman", "--version"]), answer.status == 0 else {
            return HostCheck(
                "podman", .failed, LocalizedText("Podman is not installed.", zh: "未安装 Podman。"),
                remedy: LocalizedText("Install podman, netavark and aardvark-dns.", zh: "请安装 podman、netavark 与 aardvark-dns。"))
        }
        let version = answer.output.split(whereSeparator: \.isWhitespace).last.map(String.init) ?? "?"
        guard let major = version.split(separator: ".").first.flatMap({ Int($0) }), major >= 4 else {
            return HostCheck(
                "podman", .failed, LocalizedText("Podman \(version) is too old.", zh: "Podman \(version) 版本过旧。"),
                remedy: LocalizedText("Install Podman 4.3 or newer.", zh: "请安装 Podman 4.3 或更高版本。"))
        }
        return HostCheck("podman", .ok, LocalizedText("Podman \(version)", zh: "Podman \(version)"))
    }

    private func socket() async -> HostCheck {
        do {
            let path = try await service.ensure()
            return HostCheck("podman_socket", .ok, LocalizedText("Podman answers on \(path).", zh: "Podman 在 \(path) 上应答。"))
        } catch {
            return HostCheck(
                "podman_socket", .failed,
                LocalizedText("Podman's service does not answer: \(error)", zh: "Podman 服务无应答：\(error)"),
                remedy: LocalizedText(
                    "Run Weir as root, or name the socket of a running service in the configuration.",
                    zh: "请以 root 运行 Weir，或在配置中指定已运行服务的套接字。"))
        }
    }

    private func cgroups() -> HostCheck {
        if profile.hybridCgroups {
            return HostCheck(
                "cgroups", .warning,
                LocalizedText(
                    "cgroup v1 with a cgroup2 mount beside it: Weir runs Podman in a mount namespace of its own.",
                    zh: "cgroup v1 与 cgroup2 混合：Weir 在独立的挂载命名空间中运行 Podman。"),
                remedy: LocalizedText(
                    "Boot with systemd.unified_cgroup_hierarchy=1 if you can.", zh: "如可行，请以 systemd.unified_cgroup_hierarchy=1 启动。"))
        }
        return HostCheck("cgroups", .ok, LocalizedText("cgroup \(profile.cgroups.rawValue)", zh: "cgroup \(profile.cgroups.rawValue)"))
    }

    private func limits() -> HostCheck {
        profile.canRaiseLimits
            ? HostCheck("limits", .ok, LocalizedText("Process limits can be set.", zh: "可设置进程限制。"))
            : HostCheck(
                "limits", .warning,
                LocalizedText(
                    "CAP_SYS_RESOURCE is missing: containers get \(HostProfile.openFiles) open files and \(HostProfile.userProcesses) processes.",
                    zh: "缺少 CAP_SYS_RESOURCE：容器限制为 \(HostProfile.openFiles) 个打开文件与 \(HostProfile.userProcesses) 个进程。"))
    }

    func userNamespaces() -> HostCheck {
        guard let obstacle = profile.userNamespaceObstacle else {
            return HostCheck("user_namespaces", .ok, LocalizedText("Containers get users of their own.", zh: "容器使用独立的用户命名空间。"))
        }
        return HostCheck(
            "user_namespaces", requiresUserNamespaces ? .failed : .warning, obstacle.finding, remedy: obstacle.remedy)
    }

    private func scratch() -> HostCheck {
        switch profile.scratch {
        case .projectQuota:
            HostCheck("scratch", .ok, LocalizedText("XFS project quotas limit root layers and scratch.", zh: "XFS 项目配额限制根层与临时存储。"))
        case .loopFile:
            HostCheck(
                "scratch", .ok,
                LocalizedText(
                    "Each instance has a file system of its own in a file, which bounds its root layer and /scratch.",
                    zh: "每个实例有独立的文件内文件系统，限制其根层与 /scratch。"))
        case .memory:
            HostCheck(
                "scratch", .warning,
                LocalizedText(
                    "/scratch lies in memory, and root layers are only measured every 20 seconds: an instance can fill the disk.",
                    zh: "/scratch 位于内存中，根层仅每 20 秒测量一次：实例可能写满磁盘。"),
                remedy: LocalizedText("Install e2fsprogs and allow loop devices.", zh: "请安装 e2fsprogs 并允许 loop 设备。"))
        }
    }

    public static let noWall = LocalizedText(
        "Nothing bounds what people and workspaces keep: one of them can fill the disk and stop the database.",
        zh: "个人与空间的存储没有上限：任何一方都可能写满磁盘，使数据库停止工作。")

    private func wall() -> HostCheck {
        guard let folder = folders.first else { return HostCheck("storage", .ok, LocalizedText("–", zh: "–")) }
        return switch profile.volumeWay(of: folder) {
        case .loopFile:
            HostCheck(
                "storage", .ok,
                LocalizedText(
                    "Each workspace and person has a file system of its own in a file, which bounds it.", zh: "每个空间与个人有独立的文件内文件系统作为上限。"))
        case .projectQuota(_, let mount):
            HostCheck(
                "storage", .ok, LocalizedText("Project quotas of \(mount) bound workspaces and people.", zh: "\(mount) 的项目配额限制空间与个人。"))
        case .none:
            HostCheck(
                "storage", .warning, Self.noWall,
                remedy: LocalizedText("Install e2fsprogs and allow loop devices.", zh: "请安装 e2fsprogs 并允许 loop 设备。"))
        }
    }

    private func firewall() async -> HostCheck {
        guard await HostFirewall().look() else {
            return HostCheck("firewall", .failed, HostFirewall.finding, remedy: HostFirewall.remedy)
        }
        return HostCheck("firewall", .ok, LocalizedText("nftables keeps workspaces apart.", zh: "nftables 隔离各空间。"))
    }

    private func gpus() -> HostCheck {
        guard profile.gpus.isEmpty else {
            let names = profile.gpus.map { gpu in
                "\(gpu.device) (\(gpu.model.isEmpty ? "" : gpu.model + ", ")\(gpu.memory))"
            }.joined(separator: ", ")
            return HostCheck("gpus", .ok, LocalizedText(names, zh: names))
        }
        let driver = FileManager.default.fileExists(atPath: "/dev/nvidiactl")
        return driver
            ? HostCheck(
                "gpus", .warning, LocalizedText("There is an NVIDIA driver and no CDI specification.", zh: "存在 NVIDIA 驱动，但没有 CDI 规范。"),
                remedy: LocalizedText(
                    "Run nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml.",
                    zh: "请运行 nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml。"))
            : HostCheck("gpus", .ok, LocalizedText("No GPU on this host.", zh: "本机无 GPU。"))
    }

    /// Only NVIDIA's devices can be parted, and only with its daemon.
    private func sharing() -> HostCheck? {
        guard profile.gpus.contains(where: { $0.kind == "nvidia.com/gpu" }) else { return nil }
        return MPSDaemons.isInstalled
            ? HostCheck("gpu_sharing", .ok, LocalizedText("CUDA MPS holds shares of a GPU.", zh: "由 CUDA MPS 限制 GPU 份额。"))
            : HostCheck(
                "gpu_sharing", .warning,
                LocalizedText(
                    "\(MPSDaemons.program) is not installed: flavors with a share of a GPU do not start.",
                    zh: "未安装 \(MPSDaemons.program)：GPU 份额规格无法启动。"),
                remedy: LocalizedText(
                    "Install nvidia-compute-utils of the driver's version.", zh: "请安装与驱动版本一致的 nvidia-compute-utils。"))
    }

    private func disk(_ folder: String) -> HostCheck {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder)
        guard let free = attributes?[.systemFreeSize] as? NSNumber else {
            return HostCheck(
                "disk", .failed, LocalizedText("\(folder) cannot be read.", zh: "无法读取 \(folder)。"),
                remedy: LocalizedText("Create the folder.", zh: "请创建该目录。"))
        }
        let size = Bytes(free.int64Value)
        return HostCheck(
            "disk", size.count < Self.leastFree ? .warning : .ok,
            LocalizedText("\(folder): \(size) free", zh: "\(folder)：剩余 \(size)"),
            remedy: size.count < Self.leastFree
                ? LocalizedText("Free or add disk space; images need 20 GiB.", zh: "请清理或扩充磁盘；镜像需要 20 GiB。") : nil)
    }

    private func reachable(_ registry: String) async -> HostCheck {
        let answer = try? await HostCommand.run(
            ["curl", "-s", "-o", "/dev/null", "-m", "5", "-w", "%{http_code}", "https://\(registry)/v2/"])
        // A registry that asks for a password answers 401: it is there.
        let there = answer.map { ["200", "401"].contains($0.output) } ?? false
        return there
            ? HostCheck("registry", .ok, LocalizedText("\(registry) answers.", zh: "\(registry) 可访问。"))
            : HostCheck(
                "registry", .warning, LocalizedText("\(registry) does not answer.", zh: "\(registry) 无法访问。"),
                remedy: LocalizedText("Check the network and the configured registry.", zh: "请检查网络与镜像仓库配置。"))
    }
}
