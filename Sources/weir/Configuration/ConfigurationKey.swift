import Yams

/// One thing that can be configured: its name, what a value looks like, what it is for, and how a value gets in.
///
/// The same table reads the file, the environment and the flags, writes the reference, and is held against the manual by a test.
struct ConfigurationKey: Sendable {
    /// As in the file, levels parted by dots: `api.tls.key`.
    let path: String
    /// What a value looks like, for people.
    let expected: String
    let purpose: String
    /// The value that holds when nobody says anything, as it would be written.
    let standard: String
    /// Puts a value into the configuration; false when it is not one.
    let put: @Sendable (Node, inout Configuration) throws(ConfigurationProblem) -> Bool
    /// Whether the value has parts of its own: from the environment it is then read as YAML.
    let isStructured: Bool

    /// The environment variable with this key's name: `WEIR_API_TLS_KEY`.
    var variable: String {
        ConfigurationKey.variablePrefix + path.uppercased().split(separator: ".").joined(separator: "_")
    }

    static let variablePrefix = "WEIR_"

    static func key<Value>(
        _ path: String, _ member: any WritableKeyPath<Configuration, Value> & Sendable, _ form: ValueForm<Value>,
        _ purpose: String
    ) -> ConfigurationKey {
        ConfigurationKey(
            path: path, expected: form.expected, purpose: purpose,
            standard: form.write(Configuration()[keyPath: member]),
            put: { node, configuration throws(ConfigurationProblem) in
                guard let value = try form.read(node) else { return false }
                configuration[keyPath: member] = value
                return true
            }, isStructured: form.isStructured)
    }

    /// Every key there is, in the order of the manual.
    static let all: [ConfigurationKey] = [
        key("data", \.dataFolder, .path, "The folder with the database, all files and logs. Made on the first start."),
        key("zone", \.zone, .word, "The name of the zone that this machine is."),
        key("time_zone", \.timeZone, .timeZone, "By whose midnight the days and months of a bill end."),
        key(
            "sign_up", \.signUp, .choice(),
            "Who makes accounts: `closed`, only the operator; `open`, whoever reaches the API."),
        key("session.duration", \.session.duration, .duration, "How long a login holds."),
        key("api.listen", \.api.listen, .address, "Where the API and the console listen."),
        key(
            "api.public_url", \.api.publicURL, .optional(.url),
            "The address under which people reach the API; from `api.listen` when empty."),
        key(
            "api.names", \.api.names, .names,
            "Host names under which the API and the console are reached besides that of `api.public_url`, this machine's own and addresses. Others are refused."
        ),
        key(
            "api.trusted_proxies", \.api.trustedProxies, .networks,
            "Networks of proxies before the API whose `X-Forwarded-For` is believed, so that failed logins count for whoever asks."),
        key("api.tls.certificate", \.api.tls.certificate, .optional(.path), "Certificate chain of the API (PEM)."),
        key("api.tls.key", \.api.tls.key, .optional(.path), "Private key of that certificate (PEM)."),
        key(
            "console.folder", \.console.folder, .optional(.path),
            "A folder with the console's pages, read anew for each request, for who works on them; those built in when empty."),
        key(
            "gateway.listen", \.gateway.listen, .address,
            "Where the gateway to notebooks, boards and terminals listens. External ports listen on the same host."),
        key(
            "gateway.public_host", \.gateway.publicHost, .optional(.host),
            "The host name under which people reach the gateway and external ports; from `gateway.listen` when empty."),
        key("gateway.ports", \.gateway.ports, .portRange, "The external ports that services are given."),
        key(
            "gateway.tls.certificate", \.gateway.tls.certificate, .optional(.path),
            "Certificate chain of the gateway (PEM)."),
        key("gateway.tls.key", \.gateway.tls.key, .optional(.path), "Private key of that certificate (PEM)."),
        key("ssh.enabled", \.ssh.enabled, .choice(), "Whether environments and uploads can be reached by SSH and SFTP."),
        key("ssh.listen", \.ssh.listen, .address, "Where the SSH gateway listens; port 0 takes any that is free."),
        key(
            "ssh.public_host", \.ssh.publicHost, .optional(.host),
            "The host name under which people reach the SSH gateway; that of the gateway when empty."),
        key(
            "ssh.public_port", \.ssh.publicPort, .optional(.count(1...65_535)),
            "The port under which people reach the SSH gateway; that of `ssh.listen` when empty."),
        key("ssh.connections", \.ssh.connections, .count(1...100_000), "Most SSH connections at once."),
        key(
            "engine.socket", \.engine.socket, .optional(.path),
            "Podman's REST socket. When empty, Weir runs a Podman service of its own."),
        key(
            "engine.user_namespaces", \.engine.userNamespaces, .choice(),
            "Whether Weir starts on a host that gives containers no users of their own: `required`, it refuses; `optional`, root in a "
                + "container is then root of the host."),
        key(
            "engine.group", \.engine.group, .word,
            "The resource group of this machine: flavors that name another do not run here."),
        key(
            "engine.cpu_overcommit", \.engine.cpuOvercommit, .number(1...64),
            "How many times the cores of the machine may be promised. Memory is never promised twice."),
        key(
            "engine.registry", \.engine.registry, .optional(.host),
            "Where base images are pulled from; when empty, none is pulled and official images start from Debian."),
        key(
            "engine.ca_bundle", \.engine.caBundle, .optional(.path),
            "Certificates that containers shall trust beyond those of their image, and clones in place of the host's (PEM), for sites with a proxy."
        ),
        key(
            "engine.egress", \.engine.egress, .choice(),
            "Where containers may connect to beyond their workspace: `open`, the internet; `closed`, nothing."),
        key(
            "engine.networks", \.engine.networks, .networks,
            "Private networks that containers may connect to all the same."),
        key(
            "engine.log_limit", \.engine.logLimit, .size,
            "Output that is kept of one instance: its beginning, a quarter of this at most, and the newest; 1MiB at least."),
        key(
            "engine.nested_namespaces", \.engine.nestedNamespaces, .choice(),
            "Whether programs in containers may make user namespaces, as bubblewrap and apptainer do; more of the kernel is in reach of them then."
        ),
        key(
            "storage.reserve", \.storage.reserve, .optional(.size),
            "What nobody's data takes of the disk, so that the database and the logs can go on; when empty, 5 % of it, at least 2 GiB and at most 64 GiB, and never more than a quarter."
        ),
        key(
            "git.private_hosts", \.git.privateHosts, .privateHosts,
            "Hosts that code may be cloned from although they are no public ones, such as the site's own GitLab: by name, at whatever address it has, or by address."
        ),
        key(
            "git.answer_time", \.git.answerTime, .duration,
            "A clone that reached no repository is answered after this time or a multiple of it, whatever the reason; a repository that has not begun to answer in four fifths of it is given up."
        ),
        key(
            "flavors", \.flavors, .flavors,
            "The resource specifications that people choose from, in this order; see below."),
        key(
            "accelerators", \.accelerators, .acceleratorClasses,
            "The classes of accelerators by which flavors are chosen, each with the devices that are of it; see below."),
        key(
            "simulated_accelerators", \.simulatedAccelerators, .simulatedAccelerators,
            "Accelerators that are counted and given out, and are none, to try sharing without a GPU; see below."),
        key("tariff.cpu_core", \.tariff.cpuCore, .points, "Points for an hour of a core of an environment."),
        key("tariff.memory_gib", \.tariff.memoryGiB, .points, "Points for an hour of a GiB of an environment's memory."),
        key("tariff.scratch_gib", \.tariff.scratchGiB, .points, "Points for an hour of a GiB of an environment's scratch."),
        key(
            "tariff.gpu_thousandth", \.tariff.gpuThousandth, .points,
            "Points for an hour of a thousandth of a GPU in an environment."),
        key("tariff.gpu_memory_gib", \.tariff.gpuMemoryGiB, .points, "Points for an hour of a GiB of GPU memory in an environment."),
        key("tariff.board_cpu_core", \.tariff.boardCPUCore, .points, "Points for an hour of a core of a board."),
        key("tariff.board_memory_gib", \.tariff.boardMemoryGiB, .points, "Points for an hour of a GiB of a board's memory."),
        key(
            "tariff.storage_per_gb_day", \.tariff.storagePerGBDay, .points,
            "Points for a GB kept for a day above what is free."),
        key("tariff.free_library", \.tariff.freeLibrary, .size, "Free storage of each workspace's libraries."),
        key("tariff.free_netdisk", \.tariff.freeNetdisk, .size, "Free storage of each person's netdisk."),
        key(
            "billing.starting_grant", \.billing.startingGrant, .points,
            "Points that a person's first workspace begins with; a further one begins with none."),
        key(
            "billing.start_grace", \.billing.startGrace, .duration,
            "For so long after the start of its container a program may come up without being charged; then it counts as running, ready or not."
        ),
        key(
            "billing.enforce", \.billing.enforce, .choice(),
            "Whether a balance or budget that is used up refuses and stops anything; when not, it is only metered and billed."),
        key("limits.upload_size", \.limits.uploadSize, .size, "Largest single file by the resumable protocol."),
        key(
            "limits.web_upload_files", \.limits.webUploadFiles, .count(1...1000),
            "Most files in one upload through the web."),
        key(
            "limits.web_upload_file_size", \.limits.webUploadFileSize, .size,
            "Largest file of an upload through the web."),
        key("limits.unpack_size", \.limits.unpackSize, .size, "What one archive may unpack to."),
        key("limits.unpack_files", \.limits.unpackFiles, .count(1...100_000_000), "Most files in one archive."),
        key(
            "limits.unpack_ratio", \.limits.unpackRatio, .count(2...100_000),
            "How many times its own size an archive may unpack to."),
        key(
            "limits.workspaces", \.limits.workspaces, .count(0...10_000),
            "How many workspaces that are not closed a person may make; with 0 only the operator makes them."),
        key(
            "limits.workspace_cpu", \.limits.workspaceCPU, .optional(.count(0...1_000_000)),
            "Cores that a new workspace may hold at once, until the operator sets its quota; no limit when empty."),
        key(
            "limits.workspace_memory", \.limits.workspaceMemory, .optional(.size),
            "Memory that a new workspace may hold at once; no limit when empty."),
        key(
            "limits.workspace_gpu", \.limits.workspaceGPU, .optional(.count(0...1_000_000)),
            "GPUs that a new workspace may hold at once; no limit when empty."),
        key(
            "limits.workspace_instances", \.limits.workspaceInstances, .optional(.count(0...1_000_000)),
            "Instances that a new workspace may hold at once; no limit when empty."),
        key(
            "limits.service_idle", \.limits.serviceIdle, .duration,
            "The external port of a service that nobody calls for so long is released, and the workspace is told; the service goes on."),
        key(
            "limits.leaving_grace", \.limits.leavingGrace, .duration,
            "For so long what somebody kept to themselves stays theirs after they left a workspace; then it is an owner's."),
        key(
            "limits.closing_grace", \.limits.closingGrace, .duration,
            "For so long the closing of a workspace can be taken back; then its data is deleted."),
        key("log.level", \.log.level, .choice(), "The least important messages that are written."),
        key("log.format", \.log.format, .choice(), "`text` for people, `json` for programs, one object a line."),
    ]
}
