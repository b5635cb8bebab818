import Foundation
import Glibc
import WeirModel

/// The cgroup of one instance, read as files: what Podman's own numbers cost a process each time.
///
/// The container's group lies below a group of Weir's, which stays when the container ends. So the most memory that was
/// in use, and on cgroup v2 the count of kills, can be read after the end and no watcher has to be faster than the kernel.
struct InstanceCgroup: Sendable {
    /// As the kernel names it: `/weir/ins_…`.
    var path: String
    var version: HostProfile.Cgroups

    static func parent(of instance: Identifier<Instance>) -> String { "/weir/\(instance)" }

    private static let root = "/sys/fs/cgroup"

    init(path: String, version: HostProfile.Cgroups) {
        self.path = path
        self.version = version
    }

    /// The group that a process of the host stands in for its memory: Podman does not tell before it runs. Nil when the process is gone.
    init?(ofProcess process: Int32, version: HostProfile.Cgroups) {
        // `4:memory:/weir/…`, and of v2 `0::/weir/…`.
        let lines = (KernelFile.read("/proc/\(process)/cgroup") ?? "").split(separator: "\n").map {
            $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        }
        let line = lines.first { fields in
            fields.count == 3 && (version == .v1 ? fields[1].split(separator: ",").contains("memory") : fields[1].isEmpty)
        }
        guard let line, line[2].count > 1 else { return nil }
        self.init(path: String(line[2]), version: version)
    }

    private func file(_ controller: String, _ name: String) -> String {
        switch version {
        case .v1: "\(Self.root)/\(controller)\(path)/\(name)"
        case .v2: "\(Self.root)\(path)/\(name)"
        }
    }

    private func number(_ controller: String, _ name: String) -> Int64? {
        guard let text = KernelFile.read(file(controller, name)) else { return nil }
        return Int64(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    private func field(_ controller: String, _ name: String, _ key: String) -> Int64? {
        KernelFile.read(file(controller, name))?.split(separator: "\n").first { $0.hasPrefix(key + " ") }
            .flatMap { Int64($0.dropFirst(key.count + 1)) }
    }

    /// The most memory in use at once.
    var peak: Bytes? {
        switch version {
        case .v1: number("memory", "memory.max_usage_in_bytes").map { Bytes($0) }
        case .v2: number("memory", "memory.peak").map { Bytes($0) }
        }
    }

    /// The kernel's kills for memory, in this group or below it on v2, in this one only on v1. Nil when the group is gone.
    var kills: Int64? {
        switch version {
        case .v1: field("memory", "memory.oom_control", "oom_kill")
        case .v2: field("memory", "memory.events", "oom_kill")
        }
    }

    /// Has the kernel add to a counter each time that the group runs out of memory, and once when the group is removed. Of v1 only; nil where
    /// it cannot be had.
    func killCounter() -> CInt? { counter(of: "memory.oom_control") }

    /// Has the kernel add to a counter once, some milliseconds after the group is removed, when it has told `killCounter` of that: no group
    /// ever uses as much memory as this waits for. Of v1 only; nil where it cannot be had.
    func removalCounter() -> CInt? { counter(of: "memory.usage_in_bytes", " \(Int64(1) << 62)") }

    private func counter(of name: String, _ argument: String = "") -> CInt? {
        let control = open(file("memory", name), O_RDONLY | O_CLOEXEC)
        guard control >= 0 else { return nil }
        defer { close(control) }
        let requests = open(file("memory", "cgroup.event_control"), O_WRONLY | O_CLOEXEC)
        guard requests >= 0 else { return nil }
        defer { close(requests) }
        let counter = Kernel.eventCounter()
        guard counter >= 0 else { return nil }
        let request = Array("\(counter) \(control)\(argument)".utf8)
        guard write(requests, request, request.count) == request.count else {
            close(counter)
            return nil
        }
        return counter
    }

    /// Bytes read from disks and written to them, where the kernel counts them.
    var disk: Int64? {
        switch version {
        case .v1:
            return field("blkio", "blkio.throttle.io_service_bytes", "Total")
        case .v2:
            // One line for each disk: `8:0 rbytes=1 wbytes=2 …`.
            guard let text = KernelFile.read(file("io", "io.stat")) else { return nil }
            return text.split(whereSeparator: \.isWhitespace).reduce(0) { sum, field in
                field.hasPrefix("rbytes=") || field.hasPrefix("wbytes=") ? sum + (Int64(field.dropFirst(7)) ?? 0) : sum
            }
        }
    }

    func usage(limit: Bytes) -> InstanceUsage? {
        let processor: Duration?
        let memory: Int64?
        switch version {
        case .v1:
            processor = number("cpuacct", "cpuacct.usage").map { .nanoseconds($0) }
            memory = number("memory", "memory.usage_in_bytes").map {
                // What the kernel can take back at once is not in use.
                max($0 - (field("memory", "memory.stat", "total_inactive_file") ?? 0), 0)
            }
        case .v2:
            processor = field("cpu", "cpu.stat", "usage_usec").map { .microseconds($0) }
            memory = number("memory", "memory.current").map {
                max($0 - (field("memory", "memory.stat", "inactive_file") ?? 0), 0)
            }
        }
        guard let processor, let memory else { return nil }
        return InstanceUsage(
            cpu: processor, memory: Bytes(memory), memoryLimit: limit, processes: Int(number("pids", "pids.current") ?? 0))
    }

    /// The host's numbers of all processes, those of nested groups too.
    func processes() -> [Int] {
        let start = (file("memory", "cgroup.procs") as NSString).deletingLastPathComponent
        var found = Self.numbers(start)
        let below = FileManager.default.enumerator(atPath: start)
        while let name = below?.nextObject() as? String {
            guard name.hasSuffix("/cgroup.procs") else { continue }
            found += Self.numbers("\(start)/\((name as NSString).deletingLastPathComponent)")
        }
        return found
    }

    private static func numbers(_ folder: String) -> [Int] {
        (KernelFile.read(folder + "/cgroup.procs") ?? "").split(separator: "\n").compactMap { Int($0) }
    }

    /// Removes the group and what is below it. Only empty groups can be removed, so this never ends a process.
    func remove() {
        let controllers: [String]
        switch version {
        case .v1: controllers = (try? FileManager.default.contentsOfDirectory(atPath: Self.root)) ?? []
        case .v2: controllers = [""]
        }
        for controller in controllers {
            let folder = controller.isEmpty ? Self.root + path : "\(Self.root)/\(controller)\(path)"
            guard FileManager.default.fileExists(atPath: folder) else { continue }
            Self.removeGroups(folder)
        }
    }

    private static func removeGroups(_ folder: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            var isFolder: ObjCBool = false
            if FileManager.default.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder), isFolder.boolValue {
                removeGroups("\(folder)/\(name)")
            }
        }
        rmdir(folder)
    }
}
