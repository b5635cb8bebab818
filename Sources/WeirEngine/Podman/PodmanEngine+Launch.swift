import Foundation
import NIOCore
import NIOHTTP1
import WeirModel

extension PodmanEngine {
    public func launch(_ launch: Launch) async throws -> Observation {
        let seccomp = try seccomp.ready()
        try await networks.prepare(launch.workspace)
        let plan = DevicePlan(launch, mpsFolder: sharing.folder)
        try await sharing.prepare(plan)
        let scratch = try await prepareDisk(launch)
        let spec = ContainerSpec(
            launch, configuration: configuration, network: networks.name(of: launch.workspace), scratch: scratch, devices: plan,
            seccomp: seccomp)
        do {
            _ = try await podman.call(.POST, "/containers/create", body: JSONEncoder().encode(spec))
        } catch let refusal as PodmanRefusal where refusal.isConflict {
            if let there = try await adopt(launch.instance) { return there }
        } catch let refusal as PodmanRefusal {
            try await disk.remove(launch.instance)
            if refusal.isMissing || refusal.message.contains("image not known") || refusal.message.contains("no such image") {
                throw LaunchFailure(.imageMissing(launch.image))
            }
            throw LaunchFailure(.startRefused(detail: StartRefusal.short(refusal.message)))
        }
        try await holdRootLayer(of: launch.instance)
        try await start(launch.instance)
        guard let observation = try await observe(launch.instance) else { throw LaunchFailure(.lost) }
        return observation
    }

    /// What to answer for a container that a former launch made; nil when it still has to be started.
    private func adopt(_ instance: Identifier<Instance>) async throws -> Observation? {
        guard let there = try await observe(instance) else {
            throw LaunchFailure(.startRefused(detail: "a container named \(instance) belongs to somebody else"))
        }
        return there.phase == .created ? nil : there
    }

    private func prepareDisk(_ launch: Launch) async throws -> PreparedScratch {
        do {
            return try await disk.prepare(launch.instance, size: launch.flavor.scratch)
        } catch let error as WeirError {
            try await disk.remove(launch.instance)
            throw LaunchFailure(.startRefused(detail: error.message.en))
        }
    }

    /// Between the container's making and its start: then what it changes goes where it is bounded, and where no other user of the machine
    /// comes to it.
    private func holdRootLayer(of instance: Identifier<Instance>) async throws {
        let answer = try await podman.call(.GET, "/containers/\(instance)/json")
        let container = try podman.decode(InspectedContainer.self, from: answer)
        guard let upper = container.GraphDriver?.Data?["UpperDir"] else { return }
        do {
            try await disk.takeLayer(upper, of: instance)
            if let ranges = container.HostConfig?.IDMappings?.ranges { try disk.closeLayer(upper, to: ranges) }
        } catch let error as WeirError {
            try await remove(instance)
            throw LaunchFailure(.startRefused(detail: error.message.en))
        }
    }

    private func start(_ instance: Identifier<Instance>) async throws {
        do {
            _ = try await podman.call(.POST, "/containers/\(instance)/start", timeout: .minutes(2))
        } catch let refusal as PodmanRefusal {
            let detail = StartRefusal.short(refusal.message)
            try await remove(instance)
            throw LaunchFailure(.startRefused(detail: detail))
        }
    }
}
