import Foundation
import NIOPosix
public import WeirModel

extension PodmanEngine {
    /// Nil when the instance does not run.
    public func usage(of instance: Identifier<Instance>) async throws -> InstanceUsage? {
        guard let (group, entry) = try await group(of: instance) else { return nil }
        return try await NIOThreadPool.singleton.runIfActive {
            guard var usage = group.usage(limit: entry.memory) else { return nil }
            usage.memoryKills = self.kills.count(of: instance)
            usage.network = InstanceNetworkUse.bytes(ofProcess: entry.process)
            usage.disk = group.disk
            return usage
        }
    }

    /// Read from the host's process table: works in images without `ps`.
    public func processes(in instance: Identifier<Instance>) async throws -> [InstanceProcess] {
        guard let (group, _) = try await group(of: instance) else { return [] }
        return try await NIOThreadPool.singleton.runIfActive {
            let uptime = ProcessTable.uptime()
            let all = group.processes().prefix(Self.mostProcesses).compactMap { ProcessTable.read($0, uptime: uptime) }
            let inner = Dictionary(all.map { ($0.host, $0.inner) }) { first, _ in first }
            // The init process repeats the whole command, with what a shell in it was told to keep to itself.
            return all.filter { !($0.inner == 1 && $0.isInit) }.map { process in
                InstanceProcess(
                    pid: process.inner, parent: inner[process.parent] ?? 0, memory: process.memory,
                    elapsedSeconds: process.elapsed, command: process.command)
            }.sorted { $0.pid < $1.pid }
        }
    }

    static let mostProcesses = 4096

    private func group(of instance: Identifier<Instance>) async throws -> (InstanceCgroup, KnownContainers.Entry)? {
        if known.entry(of: instance)?.observation.phase != .running { _ = try await observe(instance) }
        guard let entry = known.entry(of: instance), entry.observation.phase == .running, let path = entry.cgroup,
            !path.isEmpty
        else { return nil }
        return (InstanceCgroup(path: path, version: configuration.host.cgroups), entry)
    }
}

/// One process as the host's kernel shows it below /proc.
struct ProcessTable {
    var host: Int
    var inner: Int
    var parent: Int
    var memory: Bytes
    var elapsed: Int
    var command: String

    /// Podman's own first process and not the instance's command.
    var isInit: Bool { command.hasPrefix("/run/podman-init ") || command.hasPrefix("/dev/init ") }

    private static let ticks = 100.0
    private static let longestCommand = 1000
    /// The lines that are looked for stand before that, also of a process in as many groups as there may be.
    private static let mostOfStatus = 1 << 20
    private static let mostOfOthers = 4 << 10

    static func uptime() -> Double {
        KernelFile.read("/proc/uptime")?.split(separator: " ").first.flatMap { Double($0) } ?? 0
    }

    /// Nil when the process has ended.
    static func read(_ pid: Int, uptime: Double) -> ProcessTable? {
        guard let status = KernelFile.read("/proc/\(pid)/status", upTo: mostOfStatus),
            let stat = KernelFile.read("/proc/\(pid)/stat", upTo: mostOfOthers), let close = stat.lastIndex(of: ")")
        else { return nil }
        var fields: [Substring: String] = [:]
        for line in status.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        // The name may hold blanks and brackets; the numbers begin behind the last one. The start is the 22nd field.
        let numbers = stat[stat.index(after: close)...].split(separator: " ")
        let started = numbers.count > 19 ? (Double(numbers[19]) ?? 0) / ticks : 0
        let arguments = KernelFile.read("/proc/\(pid)/cmdline", upTo: mostOfOthers) ?? ""
        let command = arguments.split(separator: "\0").joined(separator: " ")
        let inner = fields["NSpid"]?.split(whereSeparator: \.isWhitespace).last.flatMap { Int($0) }
        let kib = fields["VmRSS"]?.split(separator: " ").first.flatMap { Int64($0) } ?? 0
        return ProcessTable(
            host: pid, inner: inner ?? pid, parent: fields["PPid"].flatMap { Int($0) } ?? 0, memory: .kib(kib),
            elapsed: max(Int(uptime - started), 0),
            command: command.isEmpty ? "[\(fields["Name"] ?? "?")]" : String(command.prefix(longestCommand)))
    }
}
