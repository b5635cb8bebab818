import Foundation
import Logging
import WeirModel

/// The folders of one device's daemon.
struct MPSPaths: Hashable, Sendable {
    let base: String
    let pipes: String
    let logs: String
    let sharedMemory: String

    init(folder: String, device: String) {
        base = "\(folder)/\(device)"
        pipes = "\(base)/pipe"
        logs = "\(base)/log"
        sharedMemory = "\(base)/shm"
    }
}

/// The control daemons of CUDA MPS, one for each device that is parted (QUO-08).
///
/// A daemon is started when the first share of its device is given out, and lives on when Weir ends, for its clients are containers that
/// live on too. The device is put into the exclusive mode, in which a program that goes around the daemon gets no context at all.
public actor MPSDaemons {
    public static let standardFolder = "/run/weir/mps"
    static let program = "nvidia-cuda-mps-control"
    static let patience = Duration.seconds(10)

    nonisolated let folder: String
    private let logger: Logger
    private let run: Runner
    /// Devices whose daemon is being started or was seen to answer by this run of Weir.
    private var starts: [String: Task<Void, any Error>] = [:]

    /// A program with its variables and what it reads; gives its exit status and output.
    typealias Runner = @Sendable (_ command: [String], _ environment: [String: String], _ input: Data?) async throws -> HostCommand.Result

    init(folder: String, logger: Logger, run: @escaping Runner = { try await HostCommand.run($0, environment: $1, input: $2) }) {
        self.folder = folder
        self.logger = logger
        self.run = run
    }

    static var isInstalled: Bool { HostCommand.find(program) != nil }

    /// Has the daemon of the plan's device answer before a container is made that needs it. Throws `LaunchFailure`.
    func prepare(_ plan: DevicePlan) async throws {
        for device in plan.whole { try await end(device) }
        guard let device = plan.shared else { return }
        if let start = starts[device] {
            // Another instance began it, or it ran a while ago: only one that still answers will do.
            try? await start.value
            if try await answers(device) { return }
        }
        let start = Task { try await self.start(device) }
        starts[device] = start
        do {
            try await start.value
        } catch {
            starts[device] = nil
            logger.error("a GPU cannot be parted", metadata: ["device": "\(device)", "error": "\(error)"])
            throw LaunchFailure(.startRefused(detail: Self.reason(error)))
        }
    }

    private func start(_ device: String) async throws {
        if try await answers(device) { return }
        let paths = MPSPaths(folder: folder, device: device)
        try FileManager.default.createDirectory(atPath: paths.base, withIntermediateDirectories: true)
        try await succeed(Self.boundCommand(paths))
        for path in [paths.pipes, paths.logs, paths.sharedMemory] {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }
        // Containers have users of their own.
        for path in [paths.pipes, paths.sharedMemory] {
            try FileManager.default.setAttributes([.posixPermissions: 0o1777], ofItemAtPath: path)
        }
        for command in Self.startCommands(device: device, paths: paths) { try await succeed(command) }
        let deadline = ContinuousClock.now + Self.patience
        while try await !answers(device) {
            guard ContinuousClock.now < deadline else { throw WeirError.mpsSilent(device) }
            try await Task.sleep(for: .milliseconds(100))
        }
        logger.info("a GPU is parted by MPS", metadata: ["device": "\(device)"])
    }

    private func succeed(_ command: Command) async throws {
        let result = try await run(command.words, command.environment, nil)
        guard result.status == 0 else {
            throw WeirError.hostCommandFailed(command.words[0], result.output.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }

    /// In exclusive mode a device has room for one program that is no client, which is too little for whoever has it whole.
    private func end(_ device: String) async throws {
        starts[device] = nil
        guard try await answers(device) else { return }
        let paths = MPSPaths(folder: folder, device: device)
        _ = try await run([Self.program], Self.environment(device: device, paths: paths), Data("quit\n".utf8))
        _ = try await run(["nvidia-smi", "-i", device, "-c", "DEFAULT"], [:], nil)
        logger.info("a GPU is whole again", metadata: ["device": "\(device)"])
    }

    private func answers(_ device: String) async throws -> Bool {
        let paths = MPSPaths(folder: folder, device: device)
        guard FileManager.default.fileExists(atPath: paths.pipes + "/control") else { return false }
        return try await run([Self.program], Self.environment(device: device, paths: paths), Data("get_server_list\n".utf8)).status == 0
    }

    struct Command: Hashable, Sendable {
        var words: [String]
        var environment: [String: String] = [:]
    }

    /// Bounds these folders: containers fill a quarter of the host's memory at most, and no other user of the host comes in.
    static func boundCommand(_ paths: MPSPaths) -> Command {
        let options = "mode=700,size=25%,nr_inodes=1m,nosuid,nodev"
        return Command(words: ["sh", "-c", "mountpoint -q \"$0\" || mount -t tmpfs -o \(options) weir-mps \"$0\"", paths.base])
    }

    /// What starts a daemon: exclusive mode, so that nothing gets around it; then the daemon itself in a mount namespace in which
    /// /dev/shm is the folder that its clients have there.
    static func startCommands(device: String, paths: MPSPaths) -> [Command] {
        [
            Command(words: ["nvidia-smi", "-i", device, "-c", "EXCLUSIVE_PROCESS"]),
            Command(
                words: [
                    "unshare", "--mount", "--propagation", "private", "sh", "-c",
                    "mount --bind \"$0\" /dev/shm && exec \(program) -d -multiuser-server", paths.sharedMemory,
                ], environment: environment(device: device, paths: paths)),
        ]
    }

    static func environment(device: String, paths: MPSPaths) -> [String: String] {
        ["CUDA_VISIBLE_DEVICES": device, "CUDA_MPS_PIPE_DIRECTORY": paths.pipes, "CUDA_MPS_LOG_DIRECTORY": paths.logs]
    }

    private static func reason(_ error: any Error) -> String {
        guard isInstalled else {
            return "a share of a GPU needs \(program) on the host, which is not installed; the operator can see more with weir doctor"
        }
        return (error as? WeirError)?.message.en ?? "\(error)"
    }
}

extension WeirError {
    static func mpsSilent(_ device: String) -> WeirError {
        WeirError(
            "mps_silent", .unavailable, subject: device, rule: "QUO-08",
            LocalizedText(
                "The daemon that parts GPU \(device) does not answer.", zh: "GPU \(device) 的共享守护进程无应答。"),
            remedy: LocalizedText("Run `weir doctor`, and look into its log folder.", zh: "请运行 `weir doctor`，并查看其日志目录。"))
    }
}
