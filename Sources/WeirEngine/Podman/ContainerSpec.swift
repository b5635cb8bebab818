import WeirModel

/// What Podman's `containers/create` takes: the fields that Weir sets.
struct ContainerSpec: Encodable {
    var name: String
    var image: String
    var command: [String]?
    var work_dir: String
    var create_working_dir = true
    var env: [String: String]
    var labels: [String: String]
    var hostname: String
    var mounts: [Mount]
    var devices: [Device]
    var resource_limits: Limits
    var r_limits: [ProcessLimit]
    var no_new_privileges = true
    var cap_drop = ["ALL"]
    var cap_add: [String]
    var seccomp_profile_path: String
    var mask = HiddenPaths.all
    var log_configuration: Log
    /// `init` is a word of Swift's.
    var `init`: Bool
    var init_path: String?
    var restart_policy = "no"
    var shm_size: Int64
    var storage_opts: [String: String]?
    var cgroup_parent: String?
    var netns = Namespace(nsmode: "bridge")
    var networks: [String: Network]
    var userns: Namespace?
    var idmappings: IDMappings?
    /// A VOLUME in an image would be a folder without a limit.
    var image_volume_mode = "ignore"
    var sdnotifyMode = "ignore"
    /// Podman would pass the host's proxy variables on.
    var httpproxy = false

    struct Mount: Encodable {
        var type = "bind"
        var source: String
        var destination: String
        var options: [String]
    }

    struct Device: Encodable { var path: String }

    struct Limits: Encodable {
        var cpu: CPU
        var memory: Memory
        var pids: Processes

        struct CPU: Encodable {
            var quota: Int64
            var period: Int64
            var shares: Int64
        }
        struct Memory: Encodable {
            var limit: Int64
            /// Memory and swap together: the same number means no swap.
            var swap: Int64
        }
        struct Processes: Encodable { var limit: Int64 }
    }

    struct ProcessLimit: Encodable {
        var type: String
        var hard: Int
        var soft: Int
    }

    struct Log: Encodable {
        var driver = "k8s-file"
        var path: String
        var size: Int64
    }

    struct Namespace: Encodable { var nsmode: String }
    struct Network: Encodable { var aliases: [String] }
    struct IDMappings: Encodable {
        var AutoUserNs = true
        var AutoUserNsOpts = Options()
        struct Options: Encodable { var Size = 65536 }
    }
}

extension ContainerSpec {
    /// What root in the container needs to install packages and to run a server; nothing that reaches the host.
    static let capabilities = [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETGID",
        "CAP_SETUID", "CAP_SYS_CHROOT",
    ]
    private static let period: Int64 = 100_000
    static let caTarget = "/etc/weir/ca-certificates.crt"

    init(
        _ launch: Launch, configuration: PodmanConfiguration, network: String, scratch: PreparedScratch, devices plan: DevicePlan,
        seccomp: String
    ) {
        let host = configuration.host
        let flavor = launch.flavor
        name = launch.instance.text
        image = launch.image.hasPrefix("sha256:") ? String(launch.image.dropFirst(7)) : launch.image
        command = launch.command
        work_dir = launch.workingDirectory
        hostname = launch.hostName
        // What says how much of a device was given is not the person's to set.
        env = launch.environment.merging(plan.environment) { _, own in own }
        labels = [
            Label.installation: configuration.installation,
            Label.instance: launch.instance.text,
            Label.workload: launch.workload.text,
            Label.workspace: launch.workspace.text,
            Label.memory: String(flavor.memory.count),
            Label.scratch: String(flavor.scratch.count),
        ]
        // In a user namespace the host's owners would all be nobody: the mounts are shifted with it.
        let shifted = host.subordinateIDs ? ["idmap"] : []
        mounts = (launch.mounts + (launch.isEntered ? configuration.enteredMounts : [])).map {
            Mount(
                source: $0.source, destination: $0.target,
                options: ["rbind", $0.writable ? "rw" : "ro", "nosuid", "nodev"] + shifted)
        }
        if let bundle = configuration.caBundle {
            mounts.append(Mount(source: bundle, destination: Self.caTarget, options: ["rbind", "ro"]))
            env.merge(Self.caEnvironment) { own, _ in own }
        }
        switch scratch {
        case .folder(let path):
            mounts.append(
                Mount(
                    source: path, destination: Self.scratchTarget, options: ["rbind", "rw", "nosuid", "nodev"] + shifted))
        case .memory(let size):
            mounts.append(
                Mount(
                    type: "tmpfs", source: "tmpfs", destination: Self.scratchTarget,
                    options: ["rw", "nosuid", "nodev", "size=\(size.count)"]))
        case .rootLayer(let size): storage_opts = ["size": String(size.count)]
        case .none: break
        }
        mounts += plan.mounts.map {
            Mount(source: $0.source, destination: $0.target, options: ["rbind", $0.writable ? "rw" : "ro", "nosuid", "nodev"])
        }
        devices = plan.devices.map(Device.init)
        resource_limits = Limits(
            cpu: .init(
                quota: max(Int64(flavor.cpu) * Self.period / 1000, 1000), period: Self.period,
                shares: max(Int64(flavor.cpu) * 1024 / 1000, 2)),
            memory: .init(limit: flavor.memory.count, swap: flavor.memory.count),
            pids: .init(limit: Int64(flavor.processes)))
        r_limits = host.processLimits
        cap_add = Self.capabilities
        seccomp_profile_path = seccomp
        log_configuration = Log(path: launch.logFile, size: LogKeeper.partSize(of: configuration.logLimit))
        `init` = host.initProgram != nil
        init_path = host.initProgram
        // Data loaders of PyTorch hand batches over in shared memory, which counts as the instance's memory.
        shm_size = max(flavor.memory.count / 2, 16 << 20)
        cgroup_parent = host.ownsCgroups ? InstanceCgroup.parent(of: launch.instance) : nil
        networks = [network: Network(aliases: [launch.hostName])]
        // Root inside is another user outside.
        if host.subordinateIDs {
            userns = Namespace(nsmode: "auto")
            idmappings = IDMappings()
        }
    }

    static let scratchTarget = "/scratch"

    /// The variables by which OpenSSL, Python, pip, uv, curl, git and Node find more certificates.
    static let caEnvironment = [
        "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO", "PIP_CERT", "NODE_EXTRA_CA_CERTS",
    ].reduce(into: [String: String]()) { $0[$1] = caTarget }
}
