import Foundation
import Glibc
import Logging
import NIOHTTP1
import NIOPosix
import WeirModel

extension PodmanEngine {
    private static let watchEvery: Duration = .seconds(20)

    /// Where the host cannot limit the root layer, an instance that writes more than its scratch into it is ended (STO-13).
    func watchRootLayers() async {
        guard configuration.host.scratch != .projectQuota else { return }
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

enum FolderSize {
    private static let mostEntries = 2_000_000

    /// The bytes on disk below a folder; counting ends when `limit` is passed.
    static func blocks(of folder: String, upTo limit: Int64) -> Int64 {
        var total: Int64 = 0
        var entries = 0
        var waiting = [folder]
        while let next = waiting.popLast() {
            guard let stream = opendir(next) else { continue }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name == "." || name == ".." { continue }
                entries += 1
                var status = stat()
                guard lstat("\(next)/\(name)", &status) == 0 else { continue }
                total += Int64(status.st_blocks) * 512
                if total > limit || entries > mostEntries { return total }
                if status.st_mode & S_IFMT == S_IFDIR { waiting.append("\(next)/\(name)") }
            }
        }
        return total
    }
}
