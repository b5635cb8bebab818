import Foundation
import NIOCore
import NIOHTTP1
public import WeirModel

extension PodmanEngine {
    public func stop(_ instance: Identifier<Instance>, grace: Duration) async throws {
        try await stop(instance, grace: grace, cause: .asked)
    }

    func stop(_ instance: Identifier<Instance>, grace: Duration, cause: StopMarks.Cause) async throws {
        guard let there = try await observe(instance), there.phase == .running else { return }
        marks.mark(instance, cause)
        let seconds = max(Int64((Double(grace.milliseconds) / 1000).rounded(.up)), 0)
        do {
            _ = try await podman.call(
                .POST, "/containers/\(instance)/stop", ["timeout": String(seconds)], timeout: .seconds(seconds + 60))
        } catch let refusal as PodmanRefusal where refusal.isMissing {
            return
        }
    }

    public func remove(_ instance: Identifier<Instance>) async throws {
        var attempt = 0
        while true {
            do {
                _ = try await podman.call(
                    .DELETE, "/containers/\(instance)", ["force": "true", "timeout": "0", "v": "true"],
                    timeout: .minutes(2))
                break
            } catch let refusal as PodmanRefusal where refusal.isMissing {
                break
            } catch let refusal as PodmanRefusal where (refusal.isBusy || refusal.isNotRunning) && attempt < Self.mostRemovals {
                // Podman's own clean-up of an ended container may still hold a mount; or it ended as it was about to be killed.
                attempt += 1
                try await Task.sleep(for: .milliseconds(50 * attempt))
            }
        }
        try await disk.remove(instance)
        marks.remove(instance)
        known.forget(instance)
        kills.forget(instance)
        logs.forget(instance.text)
        if configuration.host.ownsCgroups {
            let group = InstanceCgroup(path: InstanceCgroup.parent(of: instance), version: configuration.host.cgroups)
            group.remove()
        }
    }

    private static let mostRemovals = 10
}

extension PodmanEngine {
    /// Removes every instance and network of this installation: for the end of a test, and for an uninstallation.
    public func removeAll() async throws {
        for observation in try await observe() { try await remove(observation.instance) }
        try await disk.removeAll()
        try await networks.removeAll()
    }
}
