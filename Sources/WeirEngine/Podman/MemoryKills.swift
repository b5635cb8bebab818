import Foundation
import Glibc
import Logging
import Synchronization
import WeirModel

/// Counts the kernel's kills for memory in each instance.
///
/// On cgroup v2 Weir's own group counts what happens in the container's, and outlives it. On v1 the container's group alone counts and is
/// gone when the container has ended: there the kernel adds to a counter of ours, which keeps it until it is read.
final class MemoryKills: Sendable {
    fileprivate struct Watched {
        var group: InstanceCgroup
        /// -1 where there is none.
        var counter: CInt
        /// The descriptor that tells of the group's removal; -1 where there is none.
        var removal: CInt
        var isRemovalTold = false
        var counted: Int64 = 0
        var signalled: Int64 = 0
        /// The kills that the instance was told of.
        var told: Int64 = 0
    }

    private let watched = Mutex<[Identifier<Instance>: Watched]>([:])

    private static let mostLooks = 100

    deinit { watched.withLock { for one in $0.values { one.close() } } }

    /// To be called while the instance runs; nothing happens the second time. Kills before a start of Weir count as told.
    func watch(_ instance: Identifier<Instance>, _ group: InstanceCgroup) {
        watched.withLock { watched in
            guard watched[instance] == nil else { return }
            var new =
                switch group.version {
                case .v1: Watched(group: group, counter: group.killCounter() ?? -1, removal: group.removalCounter() ?? -1)
                case .v2: Watched(group: InstanceCgroup(path: InstanceCgroup.parent(of: instance), version: .v2), counter: -1, removal: -1)
                }
            new.count()
            new.told = new.counted
            watched[instance] = new
        }
    }

    /// To be awaited before the kills of an instance that has ended are counted: the kernel's word of a group's removal, by which the last
    /// kill is known from it, comes some milliseconds after the group is gone.
    func settle(_ instance: Identifier<Instance>) async {
        for _ in 0..<Self.mostLooks {
            if watched.withLock({ $0[instance]?.isSettled() ?? true }) { return }
            guard (try? await Task.sleep(for: .milliseconds(10))) != nil else { return }
        }
    }

    func count(of instance: Identifier<Instance>) -> Int64 {
        watched.withLock { watched in
            watched[instance]?.count()
            return watched[instance]?.counted ?? 0
        }
    }

    /// All kills so far, if they are more than when this was asked before.
    func news(of instance: Identifier<Instance>) -> Int64? {
        watched.withLock { watched in
            watched[instance]?.count()
            guard let one = watched[instance], one.counted > one.told else { return nil }
            watched[instance]?.told = one.counted
            return one.counted
        }
    }

    func forget(_ instance: Identifier<Instance>) {
        watched.withLock { watched in
            if let one = watched.removeValue(forKey: instance) { one.close() }
        }
    }
}

extension MemoryKills.Watched {
    fileprivate mutating func isSettled() -> Bool {
        if isRemovalTold || removal < 0 || group.kills != nil { return true }
        var events: UInt64 = 0
        isRemovalTold = read(removal, &events, 8) == 8
        return isRemovalTold
    }

    fileprivate func close() { for descriptor in [counter, removal] where descriptor >= 0 { Glibc.close(descriptor) } }

    fileprivate mutating func count() {
        var events: UInt64 = 0
        if counter >= 0, read(counter, &events, 8) == 8 { signalled += Int64(clamping: events) }
        if let kills = group.kills {
            counted = max(counted, kills)
        } else {
            // The group is gone, which the kernel signals as well; until it has, the last kill is taken for that.
            counted = max(counted, signalled - 1)
        }
    }
}

extension PodmanEngine {
    private static let lookEvery: Duration = .seconds(2)

    /// Tells an instance in its own log, among what it wrote, that something of it was killed for memory: its programs may not know why one of
    /// them is gone (TRN-13).
    func watchMemory() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.lookEvery)
            for entry in known.running() {
                let instance = entry.observation.instance
                guard let kills = kills.news(of: instance) else { continue }
                logger.info("a process was killed for memory", metadata: ["instance": "\(instance)", "kills": "\(kills)"])
                guard let began = entry.began else { continue }
                Self.tell(Int32(clamping: entry.process), began: began, .killedForMemory(kills, limit: entry.memory))
            }
        }
    }

    /// Writes to where a process writes its errors. Nobody waits for a reader, and nothing but a pipe is written to, so that no file of the
    /// instance is. Nothing is written when another process has that number by now.
    static func tell(_ process: Int32, began: String, _ text: LocalizedText) {
        let path = "/proc/\(process)/fd/2"
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return }
        let pipe = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard pipe >= 0 else { return }
        defer { close(pipe) }
        // What was opened was that process's if the process is there still.
        guard fstat(pipe, &status) == 0, status.st_mode & S_IFMT == S_IFIFO, RuntimePlace.beginning(of: process) == began else { return }
        let line = Array("\n[Weir] \(text.en)\n[Weir] \(text.zh)\n".utf8)
        _ = write(pipe, line, line.count)
    }
}

extension LocalizedText {
    static func killedForMemory(_ kills: Int64, limit: Bytes) -> LocalizedText {
        LocalizedText(
            "Out of memory: the kernel killed a process of this instance, which may use \(limit) (\(kills) so far). Use less, or a flavor with more memory.",
            zh: "内存不足：内核终止了该实例中的一个进程，内存上限为 \(limit)（累计 \(kills) 次）。请减少内存占用，或改用内存更大的规格。")
    }
}
