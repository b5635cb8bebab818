import Foundation

/// The container that Weir makes of a job, made without Weir: by `podman run` and by Podman's socket.
struct PeerContainer: Sendable {
    static let socket = "/run/weir/podman.sock"
    private static let api = "/v4.0.0/libpod"
    private static let capabilities = [
        "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID", "SYS_CHROOT",
    ]
    private static let memory = 1 << 30

    /// What Podman tells of a container that Weir made, as far as it differs from job to job.
    struct Model: Sendable {
        var image: String
        var network: String
        var mounts: [(source: String, target: String, isWritable: Bool)]
        var command: [String]
        var environment: [String: String]
        var initProgram: String?
        var isShifted: Bool
        var limits: [(name: String, value: Int)]
    }

    let model: Model
    let logs: String

    /// Reads it from the container of a running job.
    static func model(of job: String) throws -> Model {
        let listed = try array(
            Wire(path: socket).need("GET", "\(api)/containers/json?all=true&filters=\(filter(job))").body)
        guard let id = listed.first?["Id"] as? String else { throw Tool.Failure(description: "no container of \(job)") }
        let told = try Wire(path: socket).need("GET", "\(api)/containers/\(id)/json").body
        guard let container = try JSONSerialization.jsonObject(with: Data(told)) as? [String: Any],
            let config = container["Config"] as? [String: Any], let host = container["HostConfig"] as? [String: Any],
            let network = (container["NetworkSettings"] as? [String: Any])?["Networks"] as? [String: Any],
            let mounts = container["Mounts"] as? [[String: Any]], let name = network.keys.first
        else { throw Tool.Failure(description: "Podman tells something else: \(String(decoding: told, as: UTF8.self))") }
        let variables = (config["Env"] as? [String] ?? []).filter { $0.hasPrefix("WEIR_") || $0.hasPrefix("PYTHON") }
        return Model(
            image: container["Image"] as? String ?? ServedWeir.image, network: name,
            mounts: mounts.compactMap { mount in
                guard let source = mount["Source"] as? String, let target = mount["Destination"] as? String else { return nil }
                return (source, target, mount["RW"] as? Bool ?? false)
            },
            command: config["Cmd"] as? [String] ?? [],
            environment: Dictionary(
                variables.map { $0.split(separator: "=", maxSplits: 1) }.map { (String($0[0]), String($0.last ?? "")) }
            ) { first, _ in first },
            initProgram: host["Init"] as? Bool == true ? (container["Path"] as? String) : nil,
            isShifted: host["UsernsMode"] as? String == "private" || !(host["IDMappings"] as? [String: Any] ?? [:]).isEmpty,
            limits: (host["Ulimits"] as? [[String: Any]] ?? []).compactMap { limit in
                guard let name = limit["Name"] as? String, let value = limit["Hard"] as? Int else { return nil }
                return (name.replacing("RLIMIT_", with: "").lowercased(), value)
            })
    }

    static func isGone(_ job: String) throws -> Bool {
        try array(Wire(path: socket).need("GET", "\(api)/containers/json?all=true&filters=\(filter(job))").body).isEmpty
    }

    private static func filter(_ job: String) -> String {
        let text = #"{"label":["weir.workload=\#(job)"]}"#
        return text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? text
    }

    private static func array(_ body: [UInt8]) throws -> [[String: Any]] {
        try JSONSerialization.jsonObject(with: Data(body)) as? [[String: Any]] ?? []
    }

    // MARK: podman run

    /// Milliseconds from the start of the program to the first byte of the container's output.
    func run(_ name: String) throws -> Double {
        let process = Process()
        var environment = ProcessInfo.processInfo.environment
        var command = ["podman", "--cgroup-manager=cgroupfs", "run", "--name", name] + flags(name) + [model.image] + model.command
        // Podman as Weir runs it: where its service lives in a mount namespace of its own, so does this one.
        let folder = (Self.socket as NSString).deletingLastPathComponent
        if let holder = try? String(contentsOfFile: folder + "/holder.pid", encoding: .utf8) {
            command = ["nsenter", "-m", "-t", holder.trimmingCharacters(in: .whitespacesAndNewlines), "--wd=/"] + command
        }
        if FileManager.default.fileExists(atPath: folder + "/containers.conf") {
            environment["CONTAINERS_CONF"] = folder + "/containers.conf"
        }
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.environment = environment
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        let watch = Stopwatch()
        try process.run()
        let first = output.fileHandleForReading.availableData
        let time = watch.milliseconds
        process.waitUntilExit()
        guard !first.isEmpty else {
            let told = String(decoding: errors.fileHandleForReading.availableData, as: UTF8.self)
            throw Tool.Failure(description: "podman run: \(told)\n\(command.joined(separator: " "))")
        }
        try remove(name)
        return time
    }

    private func flags(_ name: String) -> [String] {
        var flags = [
            "--network", "\(model.network):alias=\(name)", "--hostname", name, "--workdir", "/gemini/code", "--cap-drop", "all",
            "--security-opt", "no-new-privileges", "--memory", "\(Self.memory)", "--memory-swap", "\(Self.memory)",
            "--cpu-period", "100000", "--cpu-quota", "100000", "--cpu-shares", "1024", "--pids-limit", "1024", "--shm-size",
            "\(Self.memory / 2)", "--log-driver", "k8s-file", "--log-opt", "path=\(logs)/\(name).log", "--restart", "no",
            "--image-volume", "ignore", "--sdnotify", "ignore", "--http-proxy=false", "--cgroup-parent", "/weir/\(name)",
            "--pull", "never",
        ]
        for capability in Self.capabilities { flags += ["--cap-add", capability] }
        for (key, value) in model.environment { flags += ["--env", "\(key)=\(value)"] }
        for (limit, value) in model.limits { flags += ["--ulimit", "\(limit)=\(value):\(value)"] }
        let shift = model.isShifted ? ",idmap" : ""
        for mount in model.mounts {
            flags += ["--volume", "\(mount.source):\(mount.target):rbind,\(mount.isWritable ? "rw" : "ro"),nosuid,nodev\(shift)"]
        }
        if model.isShifted { flags += ["--userns", "auto:size=65536"] }
        if let program = model.initProgram { flags += ["--init", "--init-path", Self.hostPath(program)] }
        return flags
    }

    /// Inspecting shows where the first process lies inside the container.
    private static func hostPath(_ program: String) -> String {
        ["/usr/libexec/podman/catatonit", "/usr/bin/catatonit", "/usr/bin/tini"]
            .first(where: FileManager.default.isExecutableFile(atPath:)) ?? program
    }

    // MARK: The socket

    /// Milliseconds from the request that creates the container to the first byte in its log.
    func startBySocket(_ name: String) throws -> Double {
        let body = String(decoding: try JSONSerialization.data(withJSONObject: specification(name)), as: UTF8.self)
        let log = "\(logs)/\(name).log"
        let wire = try Wire(path: Self.socket)
        let watch = Stopwatch()
        try wire.need("POST", "\(Self.api)/containers/create", json: body)
        try wire.need("POST", "\(Self.api)/containers/\(name)/start", ["Content-Length: 0"])
        while Self.size(of: log) == 0 {
            guard watch.seconds < 20 else { throw Tool.Failure(description: "\(name) wrote nothing") }
            usleep(500)
        }
        let time = watch.milliseconds
        try remove(name)
        return time
    }

    /// Podman may still hold the mounts of a container that has just ended: asked again until it is gone.
    private func remove(_ name: String) throws {
        for _ in 0..<40 {
            let answer = try Wire(path: Self.socket).ask("DELETE", "\(Self.api)/containers/\(name)?force=true&timeout=0")
            if (200..<300).contains(answer.status) || answer.status == 404 { return }
            usleep(50_000)
        }
        throw Tool.Failure(description: "\(name) cannot be removed")
    }

    private static func size(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private func specification(_ name: String) -> [String: Any] {
        var specification: [String: Any] = [
            "name": name, "image": model.image, "command": model.command, "work_dir": "/gemini/code",
            "create_working_dir": true, "env": model.environment, "labels": ["weir.bench": "1"], "hostname": name,
            "mounts": model.mounts.map { mount in
                [
                    "type": "bind", "source": mount.source, "destination": mount.target,
                    "options": ["rbind", mount.isWritable ? "rw" : "ro", "nosuid", "nodev"] + (model.isShifted ? ["idmap"] : []),
                ] as [String: Any]
            },
            "resource_limits": [
                "cpu": ["quota": 100_000, "period": 100_000, "shares": 1024],
                "memory": ["limit": Self.memory, "swap": Self.memory], "pids": ["limit": 1024],
            ],
            "r_limits": model.limits.map { ["type": $0.name, "hard": $0.value, "soft": $0.value] as [String: Any] },
            "no_new_privileges": true, "cap_drop": ["ALL"], "cap_add": Self.capabilities.map { "CAP_" + $0 },
            "log_configuration": ["driver": "k8s-file", "path": "\(logs)/\(name).log", "size": 64 << 20] as [String: Any],
            "restart_policy": "no", "shm_size": Self.memory / 2, "cgroup_parent": "/weir/\(name)",
            "netns": ["nsmode": "bridge"], "networks": [model.network: ["aliases": [name]]],
            "image_volume_mode": "ignore", "sdnotifyMode": "ignore", "httpproxy": false,
        ]
        if let program = model.initProgram {
            specification["init"] = true
            specification["init_path"] = Self.hostPath(program)
        }
        if model.isShifted {
            specification["userns"] = ["nsmode": "auto"]
            specification["idmappings"] = ["AutoUserNs": true, "AutoUserNsOpts": ["Size": 65536]] as [String: Any]
        }
        return specification
    }
}
