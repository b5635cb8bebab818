import AsyncHTTPClient
import Foundation
import Glibc
public import Logging
import NIOCore
import NIOHTTP1
import WeirModel

/// Podman's API service: found, or started once so that it outlives Weir.
///
/// The service is shared by everything on the host that uses the same socket, and is adopted by the next start.
public struct PodmanService: Sendable {
    public var socket: String
    /// A socket of the site's own (`/run/podman/podman.sock`); Weir then starts nothing.
    public var external: String?
    public var profile: HostProfile
    private let logger: Logger

    public static let defaultSocket = "/run/weir/podman.sock"

    public init(
        socket: String = PodmanService.defaultSocket, external: String? = nil, profile: HostProfile, logger: Logger
    ) {
        self.socket = socket
        self.external = external
        self.profile = profile
        self.logger = logger
    }

    private var folder: String { (socket as NSString).deletingLastPathComponent }
    private var log: String { folder + "/podman.log" }
    private var holderFile: String { folder + "/holder.pid" }
    private var settings: String { folder + "/containers.conf" }
    private static let patience: Duration = .seconds(15)

    /// Returns the socket of a service that answers. Throws `engine_down` when there is none and none can be started.
    public func ensure() async throws -> String {
        if let external {
            guard await answers(external) else { throw WeirError.engineDown("\(external) does not answer") }
            return external
        }
        if Self.isServed(socket) { return socket }
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        let lock = try await StartLock.take(folder + "/podman.lock")
        defer { lock.release() }
        if Self.isServed(socket) { return socket }
        try await start()
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            if await answers(socket) { return socket }
            try await Task.sleep(for: .milliseconds(50))
        }
        let tail = ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").suffix(300)
        throw WeirError.engineDown("podman system service did not start: \(tail)")
    }

    /// Whether a process listens. One that is slow is not started a second time: two would share one path, and the
    /// first would serve those who are connected and nobody else.
    private static func isServed(_ path: String) -> Bool {
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // EAGAIN: it listens, and its queue is full.
        return result == 0 || errno == EAGAIN
    }

    func answers(_ socket: String) async -> Bool {
        guard FileManager.default.fileExists(atPath: socket) else { return false }
        let podman = PodmanSocket(path: socket)
        let answer = try? await podman.call(.GET, "/_ping", timeout: .seconds(5))
        try? await podman.shutdown()
        return answer != nil
    }

    private func start() async throws {
        logger.info("starting podman system service", metadata: ["socket": "\(socket)"])
        var command = ["podman", "--cgroup-manager=cgroupfs", "system", "service", "--time=0", "unix://\(socket)"]
        var environment: [String: String] = [:]
        if !profile.canRaiseLimits {
            let limits = "nofile=\(HostProfile.openFiles):\(HostProfile.openFiles)"
            let processes = "nproc=\(HostProfile.userProcesses):\(HostProfile.userProcesses)"
            try "[containers]\ndefault_ulimits = [\"\(limits)\", \"\(processes)\"]\n"
                .write(toFile: settings, atomically: true, encoding: .utf8)
            environment["CONTAINERS_CONF"] = settings
        }
        if profile.hybridCgroups {
            let holder = try await holder()
            command = ["nsenter", "-m", "-t", String(holder), "--wd=/"] + command
        }
        // A session of its own, and a parent that ends at once: no signal to Weir reaches the service.
        _ = try await HostCommand.run(Self.detached + command, environment: environment, output: log)
    }

    /// Puts a program into a session of its own, away from our folder and our parent.
    private static let detached = ["setsid", "--fork", "env", "-C", "/"]

    /// The process that keeps the mount namespace in which the cgroup2 mount is gone. All of Podman must live in that one
    /// namespace, also after the service was started again: the network namespaces of containers are mounts in it.
    private func holder() async throws -> Int32 {
        if let pid = aliveHolder() { return pid }
        try? FileManager.default.removeItem(atPath: holderFile)
        let script = "umount /sys/fs/cgroup/unified; echo $$ >\"$0.new\"; mv \"$0.new\" \"$0\"; exec sleep infinity"
        _ = try await HostCommand.run(
            Self.detached + ["unshare", "-m", "--propagation", "slave", "sh", "-c", script, holderFile], output: log)
        let deadline = ContinuousClock.now + Self.patience
        while ContinuousClock.now < deadline {
            if let pid = aliveHolder() { return pid }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw WeirError.engineDown("the mount namespace for Podman could not be made")
    }

    private func aliveHolder() -> Int32? { Self.holder(besides: socket) }

    /// The process in whose mount namespace the Podman behind a socket lives.
    static func holder(besides socket: String) -> Int32? {
        let file = (socket as NSString).deletingLastPathComponent + "/holder.pid"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8),
            let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)),
            KernelFile.read("/proc/\(pid)/cmdline", upTo: 4 << 10)?.hasPrefix("sleep\0infinity") == true
        else { return nil }
        return pid
    }
}

/// Two processes that start at once must not start two services.
struct StartLock {
    private let descriptor: Int32

    static func take(_ path: String) async throws -> StartLock {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw WeirError.engineDown("cannot open \(path)") }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            do {
                try await Task.sleep(for: .milliseconds(50))
            } catch {
                close(descriptor)
                throw error
            }
        }
        return StartLock(descriptor: descriptor)
    }

    func release() { close(descriptor) }
}
