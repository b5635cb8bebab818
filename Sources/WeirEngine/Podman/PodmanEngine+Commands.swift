import Foundation
import Glibc
import NIOHTTP1
import Synchronization
public import WeirModel

extension PodmanEngine {
    /// Commands are run by the container's OCI runtime itself, with our own pipes for their streams: nothing stands between the
    /// gateway and the command, and the runtime puts it into the same namespaces, cgroup, capabilities and seccomp filter as
    /// Podman's own `exec` would.
    public func commands(in instance: Identifier<Instance>) async throws -> any CommandPlace {
        if let place = places[instance], place.isAlive { return place }
        guard try await observe(instance)?.phase == .running else { throw WeirError.instanceNotRunning(instance.text) }
        let place: RuntimePlace
        do {
            let container = try podman.decode(
                RuntimeContainer.self, from: await podman.call(.GET, "/containers/\(instance)/json"))
            place = try RuntimePlace(
                container, instance: instance, installation: configuration.installation,
                enter: configuration.host.hybridCgroups ? configuration.socket : nil)
        } catch let refusal as PodmanRefusal where refusal.isMissing || refusal.isNotRunning {
            throw WeirError.instanceNotRunning(instance.text)
        }
        places[instance] = place
        return place
    }
}

/// What `containers/NAME/json` tells of how the runtime knows the container.
struct RuntimeContainer: Decodable {
    var Id: String
    var OCIRuntime: String
    var OCIConfigPath: String
    var State: State
    var NetworkSettings: Networks?

    struct State: Decodable { var Pid: Int }
    struct Networks: Decodable {
        var Networks: [String: Network]?
        struct Network: Decodable {
            var IPAddress: String?
            var IPPrefixLen: Int?
            var Gateway: String?
        }
    }
}

/// The places that were asked for: spares an inspection at each login.
final class RuntimePlaces: Sendable {
    private let places = Mutex<[Identifier<Instance>: RuntimePlace]>([:])

    subscript(_ instance: Identifier<Instance>) -> RuntimePlace? {
        get { places.withLock { $0[instance] } }
        set {
            places.withLock { places in
                places = places.filter { $0.value.isAlive }
                places[instance] = newValue
            }
        }
    }
}

/// A running container of an OCI runtime, crun or runc.
struct RuntimePlace: CommandPlace {
    let network: InstanceNetwork?
    private let instance: Identifier<Instance>
    private let installation: String
    private let runtime: [String]
    private let container: String
    /// The `process` of the container's own configuration, as JSON.
    private let process: Data
    private let pid: Int32
    private let root: (user: UInt32, group: UInt32)
    /// When the container's first process began, in the kernel's clock: tells it from a later process of the same number.
    private let began: String

    /// Where the descriptions of commands lie for the moment in which the runtime reads them.
    static let folder = "/run/weir/commands"

    /// `enter` is the socket of a Podman that lives in a mount namespace of its own.
    init(_ inspected: RuntimeContainer, instance: Identifier<Instance>, installation: String, enter: String?) throws {
        self.instance = instance
        self.installation = installation
        container = inspected.Id
        pid = Int32(inspected.State.Pid)
        guard pid > 0, let began = Self.beginning(of: pid) else { throw WeirError.instanceNotRunning(instance.text) }
        self.began = began
        root = (Self.root(of: pid, "uid_map"), Self.root(of: pid, "gid_map"))
        guard let program = HostCommand.find(inspected.OCIRuntime) else { throw WeirError.programMissing(inspected.OCIRuntime) }
        if let enter {
            guard let holder = PodmanService.holder(besides: enter), let nsenter = HostCommand.find("nsenter") else {
                throw WeirError.engineDown("the mount namespace of Podman is gone")
            }
            runtime = [nsenter, "-m", "-t", String(holder), "--wd=/", program]
        } else {
            runtime = [program]
        }
        guard let file = FileManager.default.contents(atPath: inspected.OCIConfigPath),
            let configuration = try JSONSerialization.jsonObject(with: file) as? [String: Any],
            let process = configuration["process"] as? [String: Any]
        else { throw WeirError.engineDown("the configuration of \(instance) cannot be read at \(inspected.OCIConfigPath)") }
        self.process = try JSONSerialization.data(withJSONObject: process)
        network =
            inspected.NetworkSettings?.Networks?.values.lazy.compactMap { network in
                guard let address = network.IPAddress, !address.isEmpty, let length = network.IPPrefixLen else { return nil }
                return InstanceNetwork(address: address, prefixLength: length, gateway: network.Gateway ?? "")
            }.first
    }

    /// The number on the host of who is 0 in the user namespace of a process.
    private static func root(of pid: Int32, _ map: String) -> UInt32 {
        for line in (KernelFile.read("/proc/\(pid)/\(map)") ?? "").split(separator: "\n") {
            let numbers = line.split(separator: " ").compactMap { UInt32($0) }
            if numbers.count == 3, numbers[0] == 0 { return numbers[1] }
        }
        return 0
    }

    /// Whether the container's first process is still the one that was found.
    var isAlive: Bool { Self.beginning(of: pid) == began }

    /// When a process began, as the kernel says it; nil when it has ended.
    static func beginning(of pid: Int32) -> String? {
        guard let stat = KernelFile.read("/proc/\(pid)/stat", upTo: 4 << 10), let name = stat.lastIndex(of: ")") else {
            return nil
        }
        let fields = stat[name...].split(separator: " ")
        // A zombie's namespaces are gone.
        guard fields.count > 20, fields[1] != "Z", fields[1] != "X" else { return nil }
        return String(fields[20])
    }

    func start(_ command: CommandStart) throws -> any RunningCommand {
        guard isAlive else { throw WeirError.instanceNotRunning(instance.text) }
        try FileManager.default.createDirectory(
            atPath: Self.folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let name = Self.folder + "/\(installation)-" + String(UInt64.random(in: .min ... .max), radix: 36)
        let description = name + ".json"
        guard
            FileManager.default.createFile(
                atPath: description, contents: try describe(command), attributes: [.posixPermissions: 0o600])
        else { throw WeirError.commandFailed("\(description) cannot be written") }
        return try RuntimeCommand(
            runtime + ["exec", "--process", description, "--pid-file", name + ".pid"], container: container, files: name, root: root,
            terminal: command.terminal)
    }

    /// The container's own process with another command: user, capabilities, limits and labels stay.
    private func describe(_ command: CommandStart) throws -> Data {
        guard var process = try JSONSerialization.jsonObject(with: process) as? [String: Any] else { return process }
        process["args"] = command.arguments
        if let folder = command.folder { process["cwd"] = folder }
        let own = command.environment
        let inherited = (process["env"] as? [String] ?? []).filter { line in
            own[String(line.prefix { $0 != "=" })] == nil
        }
        process["env"] = inherited + own.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        process["terminal"] = command.terminal != nil
        process["consoleSize"] = command.terminal.map { ["height": $0.rows, "width": $0.columns] }
        return try JSONSerialization.data(withJSONObject: process)
    }

    /// Hangs up on the commands that a Weir of this installation had started when it was killed: nobody reads them any more.
    static func hangUpOnLeft(of installation: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasPrefix(installation + "-") && name.hasSuffix(".pid") {
            let path = folder + "/" + name
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            // The number could be another process's by now: its parent is the runtime that was told to write this file.
            if let command = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)), command > 1,
                let parent = parent(of: command), arguments(of: parent).contains(path)
            {
                if kill(-command, SIGHUP) != 0 { kill(command, SIGHUP) }
            }
            RuntimeCommand.remove(String(path.dropLast(4)))
        }
    }

    private static func parent(of process: pid_t) -> pid_t? {
        guard let stat = KernelFile.read("/proc/\(process)/stat", upTo: 4 << 10), let name = stat.lastIndex(of: ")")
        else { return nil }
        return stat[name...].split(separator: " ").dropFirst(2).first.flatMap { pid_t($0) }
    }

    private static func arguments(of process: pid_t) -> [String] {
        (KernelFile.read("/proc/\(process)/cmdline", upTo: 4 << 10) ?? "").split(separator: "\0").map(String.init)
    }

    func socket(family: Int32) throws -> Int32 {
        guard isAlive else { throw WeirError.instanceNotRunning(instance.text) }
        return try NamespaceSocket.open(family: family, in: pid)
    }
}

extension WeirError {
    static func commandFailed(_ detail: String) -> WeirError {
        WeirError(
            "command_failed", .failed, subject: "command",
            LocalizedText("The command could not be started: \(detail.prefix(300))", zh: "命令无法启动：\(detail.prefix(300))"))
    }
}
