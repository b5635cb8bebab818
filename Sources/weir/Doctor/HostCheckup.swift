import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import WeirEngine
import WeirModel

/// Looks at the host as `weir serve` would find it with a configuration. Changes nothing.
struct HostCheckup {
    let configuration: Configuration

    func findings() async -> [Finding] {
        let profile = await HostProfile.detect(externalPodman: configuration.engine.socket != nil)
        return [Self.user()] + Self.programs() + Self.kernel(profile) + Self.identities(profile) + [
            Self.scratch(profile)
        ]
            + disk() + Self.gpus(profile) + [await registry()] + ports() + socket()
    }

    static func user(_ id: UInt32 = geteuid()) -> Finding {
        id == 0
            ? .good("user", "root")
            : .lack(
                "user", "user \(id): containers' networks, firewall and mounts need root",
                mend: "run weir serve as root")
    }

    /// Programs that Weir calls: their package, and what is missing without them.
    private static let needed: [(program: String, package: String, isVital: Bool, purpose: String)] = [
        ("podman", "podman", true, "runs the containers"), ("crun", "crun", true, "starts them"),
        ("nft", "nftables", true, "keeps workspaces apart"), ("bsdtar", "libarchive-tools", true, "unpacks archives"),
        ("git", "git", true, "clones code"), ("mkfs.ext4", "e2fsprogs", false, "gives scratch a hard size"),
        ("mmdebstrap", "mmdebstrap", false, "makes the official images where no registry is configured"),
    ]
    private static let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    private static let podmanFolders = ["/usr/lib/podman", "/usr/libexec/podman", "/usr/local/libexec/podman"]

    static func programs() -> [Finding] {
        let helpers = ["netavark", "aardvark-dns"].filter { !isThere($0, in: podmanFolders + folders) }
        let missing = needed.filter { !isThere($0.program, in: folders) }
        var findings = missing.map { program in
            let text = "\(program.program) is not installed; it \(program.purpose)"
            let mend = "apt-get install \(program.package)"
            return program.isVital
                ? Finding.lack("programs", text, mend: mend) : Finding.note("programs", text, mend: mend)
        }
        findings += helpers.map {
            .lack("programs", "\($0) is not installed; it is the network of containers", mend: "apt-get install \($0)")
        }
        if findings.isEmpty {
            findings = [.good("programs", (needed.map(\.program) + ["netavark"]).joined(separator: ", "))]
        }
        return findings
    }

    private static func isThere(_ program: String, in folders: [String]) -> Bool {
        folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
    }

    static func kernel(_ profile: HostProfile) -> [Finding] {
        var findings: [Finding] = []
        if profile.hybridCgroups {
            findings.append(
                .note(
                    "cgroups", "version 1 with a version 2 mount beside it, which crun refuses",
                    mend: "nothing: Weir runs its Podman in a mount namespace without that mount; "
                        + "systemd.unified_cgroup_hierarchy=1 on the kernel's command line makes it plain"))
        } else if profile.cgroups == .v1 {
            findings.append(
                .note(
                    "cgroups", "version 1: memory that ran out is told by polling",
                    mend: "systemd.unified_cgroup_hierarchy=1 on the kernel's command line"))
        } else {
            findings.append(.good("cgroups", "version 2"))
        }
        findings.append(
            profile.canRaiseLimits
                ? .good("limits", "may be raised")
                : .note(
                    "limits", "CAP_SYS_RESOURCE is missing: containers get 20000 open files and 10000 processes a user",
                    mend: "give Weir CAP_SYS_RESOURCE if workloads need more"))
        return findings
    }

    static func identities(_ profile: HostProfile) -> [Finding] {
        [
            profile.subordinateIDs
                ? .good("users", "root in a job or service is another user outside")
                : .note(
                    "users", "no range of user ids for containers: root in a job is root outside, without capabilities",
                    mend: "echo containers:2147483647:2147483648 | tee -a /etc/subuid /etc/subgid")
        ]
    }

    static func scratch(_ profile: HostProfile) -> Finding {
        switch profile.scratch {
        case .projectQuota: .good("scratch", "limited by XFS project quotas")
        case .loopFile: .good("scratch", "limited by a file system in a file for each instance")
        case .memory:
            .note(
                "scratch", "neither project quotas nor loop devices: scratch is kept in the instance's memory",
                mend: "mount /var/lib/containers/storage from XFS with prjquota, or load the loop module")
        }
    }

    /// Where the data folder is, or will be.
    private func disk() -> [Finding] {
        var folder = configuration.dataFolder
        while !FileManager.default.fileExists(atPath: folder), folder != "/" {
            folder = (folder as NSString).deletingLastPathComponent
            if folder.isEmpty { folder = "/" }
        }
        guard let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder),
            let free = attributes[.systemFreeSize] as? NSNumber
        else { return [.lack("disk", "\(folder) cannot be looked at", mend: "check its permissions")] }
        let size = Bytes(free.int64Value)
        guard FileManager.default.isWritableFile(atPath: folder) else {
            return [
                .lack(
                    "disk", "\(folder) cannot be written", mend: "choose another folder by --data, or mount it writable"
                )
            ]
        }
        return [
            size >= .gib(20)
                ? .good("disk", "\(size) free for \(configuration.dataFolder)")
                : .note(
                    "disk", "only \(size) free for \(configuration.dataFolder)",
                    mend: "an installation needs 20 GiB and its data")
        ]
    }

    static func gpus(_ profile: HostProfile) -> [Finding] {
        if !profile.gpus.isEmpty {
            return [.good("gpu", profile.gpus.map { "\($0.device) (\($0.memory))" }.joined(separator: ", "))]
        }
        guard FileManager.default.fileExists(atPath: "/dev/nvidiactl") else {
            return [.good("gpu", "none; flavors with a GPU would wait for ever")]
        }
        return [
            .lack(
                "gpu", "there is a GPU, but no CDI specification by which containers get it",
                mend: "nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml")
        ]
    }

    private func registry() async -> Finding {
        guard let registry = configuration.engine.registry else {
            return .note(
                "registry", "none configured: base images are made from Debian's packages on the spot",
                mend: "set engine.registry if there is one")
        }
        var request = HTTPClientRequest(url: "https://\(registry)/v2/")
        request.headers.add(name: "User-Agent", value: "weir/\(WeirVersion.text)")
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
            return response.status == .ok || response.status == .unauthorized
                ? .good("registry", "\(registry) answers")
                : .lack(
                    "registry", "\(registry) answers with the status \(response.status.code)",
                    mend: "check engine.registry")
        } catch {
            return .lack(
                "registry", "\(registry) cannot be reached: \(APIClient.plain(error))",
                mend: "check engine.registry, the network, and engine.ca_bundle behind an inspecting proxy")
        }
    }

    private func ports() -> [Finding] {
        [("api.listen", configuration.api.listen), ("gateway.listen", configuration.gateway.listen)].map {
            key, address in
            address.isFree
                ? .good("ports", "\(key) \(address) is free")
                : .note(
                    "ports", "\(key) \(address) is taken",
                    mend: "if that is not Weir itself, choose another by --set \(key)=…")
        }
    }

    private func socket() -> [Finding] {
        guard let socket = configuration.engine.socket else { return [] }
        return [
            FileManager.default.fileExists(atPath: socket)
                ? .good("podman", "\(socket) is there")
                : .lack(
                    "podman", "\(socket) is not there",
                    mend: "systemctl enable --now podman.socket, or leave engine.socket empty")
        ]
    }
}

extension ListenAddress {
    /// Whether a server could listen here now.
    var isFree: Bool {
        guard let address = try? SocketAddress.makeAddressResolvingHost(host, port: port) else { return false }
        let descriptor = Glibc.socket(
            address.protocol == .inet6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var one: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        return address.withSockAddr { pointer, size in bind(descriptor, pointer, socklen_t(size)) == 0 }
    }
}
