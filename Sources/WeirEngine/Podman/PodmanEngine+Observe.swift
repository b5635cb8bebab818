import Foundation
import Glibc
import NIOHTTP1
import NIOPosix
public import WeirModel

extension PodmanEngine {
    public func observe() async throws -> [Observation] {
        let listed = try await list()
        known.keep(only: Set(listed.map(\.Id)))
        var observations: [Observation] = []
        var unknown: [String] = []
        for container in listed where container.State != "removing" {
            if let entry = known[container.Id], entry.state == container.State {
                observations.append(entry.observation)
            } else {
                unknown.append(container.Id)
            }
        }
        // A few at a time: Podman holds a lock for each.
        while !unknown.isEmpty {
            let part = unknown.prefix(8)
            unknown.removeFirst(part.count)
            observations += try await withThrowingTaskGroup(of: Observation?.self) { group in
                for id in part { group.addTask { try await self.inspect(id) } }
                return try await group.reduce(into: []) { found, one in if let one { found.append(one) } }
            }
        }
        return observations
    }

    private func list() async throws -> [ListedContainer] {
        let filter = try JSONEncoder().encode(["label": ["\(Label.installation)=\(configuration.installation)"]])
        return try await podman.list("/containers/json", ["all": "true", "filters": String(decoding: filter, as: UTF8.self)])
    }

    public func observe(_ instance: Identifier<Instance>) async throws -> Observation? {
        try await inspect(instance.text)
    }

    /// Nil when the container is not there or is not of this installation.
    private func inspect(_ name: String) async throws -> Observation? {
        let container: InspectedContainer
        do {
            container = try podman.decode(
                InspectedContainer.self, from: await podman.call(.GET, "/containers/\(name)/json"))
        } catch let refusal as PodmanRefusal where refusal.isMissing {
            return nil
        }
        let labels = container.Config.Labels ?? [:]
        guard labels[Label.installation] == configuration.installation, container.State.Status != "removing",
            let instance = labels[Label.instance].flatMap({ Identifier<Instance>($0) }),
            let workload = labels[Label.workload].flatMap({ Identifier<Workload>($0) })
        else { return nil }
        let memory = Bytes(labels[Label.memory].flatMap { Int64($0) } ?? 0)
        if ["running", "stopping"].contains(container.State.Status) {
            if let log = container.HostConfig?.LogConfig?.Path { logs.keep(log, isBegun: true) }
            if let path = container.State.CgroupPath, !path.isEmpty {
                kills.watch(instance, InstanceCgroup(path: path, version: configuration.host.cgroups))
            }
        }
        let phase = try await phase(of: container, instance: instance, memory: memory)
        let ended = phase != .running && phase != .created
        let observation = Observation(
            instance: instance, workload: workload, phase: phase,
            startedAt: container.State.started, endedAt: ended ? container.State.ended : nil,
            address: phase == .running ? container.address : nil, memoryKills: ended ? kills.count(of: instance) : 0)
        // Between its end and Podman's clean-up a container is about to change: nothing to remember.
        guard container.State.Status != "stopped" else { return observation }
        known[container.Id] = .init(
            state: container.State.Status, observation: observation, cgroup: container.State.CgroupPath, memory: memory,
            process: container.State.Pid, began: RuntimePlace.beginning(of: Int32(clamping: container.State.Pid)))
        return observation
    }

    private func phase(
        of container: InspectedContainer, instance: Identifier<Instance>, memory: Bytes
    ) async throws -> Observation.Phase {
        switch container.State.Status {
        case "created", "configured", "initialized": return .created
        case "running", "paused", "stopping": return .running
        default: break
        }
        guard let finished = container.State.ended else { return .failed(.lost) }
        // The last lines of the log may still be on their way until the clean-up has run, which is a moment later.
        if container.State.Status == "stopped", clock.now() - finished < Self.cleanUpTime { return .running }
        let group = InstanceCgroup(path: InstanceCgroup.parent(of: instance), version: configuration.host.cgroups)
        let mark = marks[instance]
        let scratch = container.Config.Labels?[Label.scratch].flatMap { Int64($0) }.map { Bytes($0) }
        let atOnce = container.State.started.map { finished - $0 < .seconds(60) } ?? true
        let log = container.HostConfig?.LogConfig?.Path
        var refusal: String?
        if container.State.ExitCode == 1, atOnce, let log {
            refusal = StartRefusal.fromInit(logTail: try await lastWords(in: log))
        }
        await kills.settle(instance)
        return Ending(
            exitCode: container.State.ExitCode, stopped: mark != nil,
            killedForMemory: container.State.OOMKilled || (group.kills ?? 0) > 0 || kills.count(of: instance) > 0, memory: memory,
            peak: group.peak,
            scratchFull: mark == .scratchFull ? scratch : nil, refusal: refusal
        ).phase
    }

    /// Put together line by line: what an init process says in several writes stands in the log in parts when the host is busy.
    private func lastWords(in path: String) async throws -> String {
        try await InstanceLog(path: path).tail(limit: 20).records.map(\.text).joined(separator: "\n")
    }

    private static let cleanUpTime: Duration = .seconds(10)
}
