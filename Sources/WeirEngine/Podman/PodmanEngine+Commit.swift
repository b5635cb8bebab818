import Foundation
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
public import WeirModel

/// Making an image of an instance.
///
/// Podman's own commit writes the owners of files down as the host sees them, which in an instance with users of its own are numbers that
/// no image knows; and it writes the instance's variables and command into the image, secrets among them. So what the instance has changed
/// is copied, with the owners that it has inside, into a container that never runs and is made of the same image, and that is committed.
/// The instance stands still for the copy alone.
extension PodmanEngine {
    /// Makes an image of what an instance has changed in its root layer; mounted folders are not in it.
    ///
    /// Throws `not_found`, `commit_running`, `commit_too_large`, `storage_full`. Whatever happens, the instance goes on, and an image is there
    /// whole or not at all.
    public func commit(_ instance: Identifier<Instance>, to reference: String) async throws -> EngineImage {
        let source = try await committed(instance)
        let mould = Mould(instance, of: configuration.installation)
        // Podman makes it also when nobody waits for the answer any more: then it has to be taken away below.
        try await Task { try await make(mould, of: source) }.value
        let result: Result<EngineImage, any Error>
        do {
            result = .success(try await fill(mould, from: source, instance: instance, to: reference))
        } catch {
            result = .failure(error)
        }
        // Also for a caller who has given up.
        await Task { await clear(mould) }.value
        return try result.get()
    }

    /// Lets instances go on and removes what is left of commits that a Weir of before was killed in.
    func clearLeftCommits() async {
        do {
            let filter = try JSONEncoder().encode(["name": ["^" + Mould.prefix(of: configuration.installation)]])
            let all: [Left] = try await podman.list(
                "/containers/json", ["all": "true", "filters": String(decoding: filter, as: UTF8.self)])
            for left in all {
                for name in left.Names {
                    guard let mould = Mould(name: name, of: configuration.installation) else { continue }
                    await clear(mould)
                }
            }
        } catch {
            logger.warning("what is left of commits could not be looked for", metadata: ["error": "\(error)"])
        }
    }

    private struct Left: Decodable { var Names: [String] }

    /// The container that gets a copy of the changes. It bears no label: an image would take it over.
    private struct Mould {
        var instance: Identifier<Instance>
        var installation: String
        var name: String { Self.prefix(of: installation) + instance.text }
        /// The image until it is whole.
        var image: String { "localhost/weir-commit/\(installation):\(instance)" }

        static func prefix(of installation: String) -> String { "weir-commit-\(installation)-" }

        init(_ instance: Identifier<Instance>, of installation: String) {
            self.instance = instance
            self.installation = installation
        }

        init?(name: String, of installation: String) {
            let prefix = Self.prefix(of: installation)
            guard name.hasPrefix(prefix), let instance = Identifier<Instance>(String(name.dropFirst(prefix.count))) else { return nil }
            self.init(instance, of: installation)
        }
    }

    /// What `containers/NAME/json` tells of what is to be copied, and to where.
    private struct Layers: Decodable {
        var Image: String
        var State: State
        var Config: Config
        var HostConfig: HostConfig?
        var GraphDriver: Driver?

        struct State: Decodable { var Status: String }
        struct Config: Decodable { var Labels: [String: String]? }
        struct HostConfig: Decodable {
            var IDMappings: InspectedContainer.Mappings?
        }
        struct Driver: Decodable { var Data: [String: String]? }

        var changes: String? { GraphDriver?.Data?["UpperDir"] }
        var ranges: UserRanges? { self.HostConfig?.IDMappings?.ranges }
    }

    private func inspected(_ container: String) async throws -> Layers {
        do {
            return try podman.decode(Layers.self, from: await podman.call(.GET, "/containers/\(container)/json"))
        } catch let refusal as PodmanRefusal where refusal.isMissing {
            throw WeirError.notFound("instance")
        }
    }

    private func committed(_ instance: Identifier<Instance>) async throws -> Layers {
        let layers = try await inspected(instance.text)
        guard layers.Config.Labels?[Label.installation] == configuration.installation else { throw WeirError.notFound("instance") }
        return layers
    }

    private func make(_ mould: Mould, of source: Layers) async throws {
        struct Request: Encodable {
            var name: String
            var image: String
            var command: [String]?
            var netns = ContainerSpec.Namespace(nsmode: "none")
            var image_volume_mode = "ignore"
        }
        let hasCommand = try await hasCommand(source.Image)
        do {
            _ = try await podman.call(
                .POST, "/containers/create",
                body: JSONEncoder().encode(Request(name: mould.name, image: source.Image, command: hasCommand ? nil : ["true"])))
        } catch let refusal as PodmanRefusal where refusal.isConflict {
            throw WeirError.commitRunning(mould.instance)
        }
    }

    /// Podman makes no container that has nothing to run, not even one that never runs.
    private func hasCommand(_ image: String) async throws -> Bool {
        struct Inspected: Decodable {
            var Config: Config?
            struct Config: Decodable {
                var Cmd: [String]?
                var Entrypoint: [String]?
            }
        }
        let image = try podman.decode(Inspected.self, from: await podman.call(.GET, "/images/\(image)/json"))
        return !(image.Config?.Cmd ?? []).isEmpty || !(image.Config?.Entrypoint ?? []).isEmpty
    }

    private func fill(
        _ mould: Mould, from source: Layers, instance: Identifier<Instance>, to reference: String
    ) async throws -> EngineImage {
        guard let from = source.changes, let to = try await inspected(mould.name).changes else {
            throw WeirError.engineDown("Podman's storage is not overlay")
        }
        let limit = source.Config.Labels?[Label.scratch].flatMap { Int64($0) } ?? 0
        let isRunning = source.State.Status == "running"
        if isRunning { try await still(instance) }
        // In the image a hole of a file takes its whole length.
        let size = try await NIOThreadPool.singleton.runIfActive { FolderSize.length(of: from) }
        guard limit == 0 || size <= limit else { throw WeirError.commitTooLarge(Bytes(size), limit: Bytes(limit)) }
        // The copy, Podman's archive of it, and the layer that is made of the archive.
        guard try Self.free(at: to) / 3 > size else { throw WeirError.storageFull() }
        try await LayerCopy.run(from: from, to: to, ranges: source.ranges)
        if isRunning { try await goOn(instance) }
        var query = [
            "container": mould.name, "repo": "localhost/weir-commit/\(configuration.installation)", "tag": instance.text, "pause": "false",
        ]
        if try await !hasCommand(source.Image) { query["changes"] = "CMD []" }
        let asked = query
        try await addingImage { _ = try await self.podman.call(.POST, "/commit", asked, timeout: .hours(2)) }
        let colon = reference.lastIndex(of: ":") ?? reference.endIndex
        let tag = colon == reference.endIndex ? "latest" : String(reference[reference.index(after: colon)...])
        _ = try await podman.call(
            .POST, "/images/\(PodmanSocket.escaped(mould.image))/tag", ["repo": String(reference[..<colon]), "tag": tag])
        guard let image = try await image(reference) else { throw LaunchFailure(.imageMissing(reference)) }
        return image
    }

    private func still(_ instance: Identifier<Instance>) async throws {
        do {
            _ = try await podman.call(.POST, "/containers/\(instance)/pause")
        } catch let refusal as PodmanRefusal where refusal.isNotRunning {
            // It ended in between: it stands still.
        }
    }

    private func goOn(_ instance: Identifier<Instance>) async throws {
        do {
            _ = try await podman.call(.POST, "/containers/\(instance)/unpause")
        } catch let refusal as PodmanRefusal where refusal.isNotRunning || refusal.isMissing || refusal.message.contains("not paused") {
            // It goes on already, or has ended.
        }
    }

    private func clear(_ mould: Mould) async {
        do {
            // The instance first: it may stand still for this one.
            try await goOn(mould.instance)
            do {
                _ = try await podman.call(
                    .DELETE, "/containers/\(mould.name)", ["force": "true", "timeout": "0"], timeout: .minutes(2))
            } catch let refusal as PodmanRefusal where refusal.isMissing {}
            do {
                // The name alone: an image that has got its own stays.
                _ = try await podman.call(
                    .POST, "/images/\(PodmanSocket.escaped(mould.image))/untag",
                    ["repo": "localhost/weir-commit/\(configuration.installation)", "tag": mould.instance.text])
            } catch let refusal as PodmanRefusal where refusal.isImageMissing {}
        } catch {
            logger.warning(
                "what a commit left could not be removed", metadata: ["container": "\(mould.name)", "error": "\(error)"])
        }
    }

    private static func free(at path: String) throws -> Int64 {
        let attributes = try FileManager.default.attributesOfFileSystem(forPath: path)
        return (attributes[.systemFreeSize] as? NSNumber)?.int64Value ?? .max
    }
}

extension WeirError {
    static func commitRunning(_ instance: Identifier<Instance>) -> WeirError {
        WeirError(
            "commit_running", .conflict, subject: instance.text, rule: "IMG-11",
            LocalizedText("An image of this instance is being made already.", zh: "该实例正在保存为镜像。"),
            remedy: LocalizedText("Wait until it is there.", zh: "请等待其完成。"))
    }

    static func commitTooLarge(_ size: Bytes, limit: Bytes) -> WeirError {
        WeirError(
            "commit_too_large", .tooLarge, subject: "image", rule: "STO-13",
            LocalizedText(
                "What was changed in the system is \(size) long; \(limit) can be made an image.", zh: "系统层变更共 \(size)，最多可保存 \(limit)。"),
            remedy: LocalizedText(
                "Delete what the image does not need, or move data to a mounted folder.", zh: "请删除镜像不需要的文件，或将数据移至挂载目录。"))
    }
}
