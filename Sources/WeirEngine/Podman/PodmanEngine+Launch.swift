import Foundation
import Logging
import NIOCore
import NIOHTTP1
import WeirModel

extension PodmanEngine {
    public func launch(_ launch: Launch) async throws -> Observation {
        do {
            return try await begin(launch)
        } catch let error where StorageFault.isFull(error) {
            do {
                try await remove(launch.instance)
            } catch {
                // Podman may have no room for that either; what is left is removed with what ended.
                logger.warning("what did not begin is not removed", metadata: ["instance": "\(launch.instance)", "error": "\(error)"])
            }
            throw LaunchFailure(.storageFull)
        }
    }

    private func begin(_ launch: Launch) async throws -> Observation {
        let seccomp = try seccomp.ready()
        try await networks.prepare(launch.workspace)
        let plan = DevicePlan(launch, mpsFolder: sharing.folder)
        try await sharing.prepare(plan)
        let scratch = try await prepareDisk(launch)
        let spec = ContainerSpec(
            launch, configuration: configuration, network: networks.name(of: launch.workspace), scratch: scratch, devices: plan,
            seccomp: seccomp)
        logs.keep(launch.logFile, isBegun: false)
        do {
            _ = try await podman.call(.POST, "/containers/create", body: JSONEncoder().encode(spec))
        } catch let refusal as PodmanRefusal where refusal.isConflict {
            if let there = try await adopt(launch.instance) { return there }
        } catch let refusal as PodmanRefusal where !StorageFault.isFull(refusal) {
            try await disk.remove(launch.instance)
            if refusal.isImageMissing || refusal.message.contains("no such image") {
                throw LaunchFailure(.imageMissing(launch.image))
            }
            throw LaunchFailure(.startRefused(detail: StartRefusal.short(refusal.message)))
        }
        try await refusing(launch.instance) {
            try await self.holdRootLayer(of: launch.instance)
            try await self.seal(launch)
            _ = try await self.podman.call(.POST, "/containers/\(launch.instance)/start", timeout: .minutes(2))
        }
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
        } catch let error where !(error is CancellationError) && !StorageFault.isFull(error) {
            try await disk.remove(launch.instance)
            guard let refusal = error as? WeirError else {
                logger.error("an instance has no disk", metadata: ["instance": "\(launch.instance)", "error": "\(error)"])
                throw LaunchFailure(.startRefused(detail: "its disk cannot be made"))
            }
            throw LaunchFailure(.startRefused(detail: refusal.message.en))
        }
    }

    /// A container that cannot be begun is not left behind, and its maker is told why.
    private func refusing(_ instance: Identifier<Instance>, _ body: () async throws -> Void) async throws {
        do {
            try await body()
        } catch let refusal as PodmanRefusal where !StorageFault.isFull(refusal) {
            try await remove(instance)
            throw LaunchFailure(.startRefused(detail: StartRefusal.short(refusal.message)))
        } catch let error as WeirError where error.category != .unavailable {
            try await remove(instance)
            throw LaunchFailure(.startRefused(detail: error.message.en))
        }
    }

    /// Between the container's making and its start: then what it changes goes where it is bounded, and where no other user of the machine
    /// comes to it.
    private func holdRootLayer(of instance: Identifier<Instance>) async throws {
        let answer = try await podman.call(.GET, "/containers/\(instance)/json")
        let container = try podman.decode(InspectedContainer.self, from: answer)
        guard let upper = container.GraphDriver?.Data?["UpperDir"] else { return }
        try await disk.takeLayer(upper, of: instance)
        if let ranges = container.HostConfig?.IDMappings?.ranges { try disk.closeLayer(upper, to: ranges) }
    }
}
