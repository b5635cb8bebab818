import Foundation
import Glibc
import Logging
import NIOHTTP1
import NIOPosix
import WeirModel

extension PodmanEngine {
    private static let watchEvery: Duration = .seconds(20)

    /// Where the host cannot limit the root layer, having neither quotas nor loop devices, an instance that writes more than its
    /// scratch into it is ended (STO-13).
    func watchRootLayers() async {
        guard configuration.host.scratch == .memory else { return }
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.watchEvery)
            if Task.isCancelled { return }
            do {
                for observation in try await observe() where observation.phase == .running {
                    try await checkRootLayer(of: observation.instance)
                }
            } catch {
                logger.debug("root layers could not be read", metadata: ["error": "\(error)"])
            }
        }
    }

    func checkRootLayer(of instance: Identifier<Instance>) async throws {
        let answer: Data
        do {
            answer = try await podman.call(.GET, "/containers/\(instance)/json")
        } catch let refusal as PodmanRefusal where refusal.isMissing {
            return
        }
        let container = try podman.decode(InspectedContainer.self, from: answer)
        guard let layer = container.GraphDriver?.Data?["UpperDir"],
            let limit = container.Config.Labels?[Label.scratch].flatMap({ Int64($0) }), limit > 0
        else { return }
        let size = try await NIOThreadPool.singleton.runIfActive { FolderSize.blocks(of: layer, upTo: limit) }
        guard size > limit else { return }
        logger.warning("an instance outgrew its scratch", metadata: ["instance": "\(instance)", "bytes": "\(size)"])
        try await stop(instance, grace: .seconds(5), cause: .scratchFull)
    }
}
