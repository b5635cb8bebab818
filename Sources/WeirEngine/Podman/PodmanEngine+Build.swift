import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import WeirModel

extension PodmanEngine {
    private struct BuildReport: Decodable {
        var stream: String?
        var error: String?
    }

    /// A namespace of the build's steps; Podman's API takes the host's where none is named.
    private struct Namespace: Encodable {
        var Name: String
        var Host = false
        var Path: String
    }

    public func build(_ build: ImageBuild, progress: @escaping @Sendable (String) -> Void) async throws -> EngineImage {
        let work = try workFolder("build")
        defer { try? FileManager.default.removeItem(atPath: work) }
        let archive = work + "/context.tar"
        var pack = ["tar", "-cf", archive, "-C", build.context, "."]
        if let bundle = configuration.caBundle {
            try FileManager.default.copyItem(atPath: bundle, toPath: "\(work)/\(Self.caSecret)")
            pack += ["-C", work, Self.caSecret]
        }
        let packed = try await HostCommand.run(pack)
        guard packed.status == 0 else { throw WeirError.hostCommandFailed("tar", packed.output) }
        var query = [
            "t": build.tag, "dockerfile": "Containerfile", "layers": "false", "rm": "true", "forcerm": "true",
            "pullpolicy": "missing", "labels": try json(build.labels),
        ]
        var arguments = build.arguments
        if configuration.caBundle != nil {
            // A step that mounts the secret sees the bundle; Podman takes it out of the context, so no image holds it.
            query["secrets"] = #"["id=\#(Self.caSecret),src=\#(Self.caSecret)"]"#
            arguments.merge(ContainerSpec.caEnvironment) { own, _ in own }
        }
        query["buildargs"] = try json(arguments)
        let network = try await networks.prepareForBuilds()
        query["nsoptions"] = try json([Namespace(Name: "network", Path: network.name)])
        if !network.nameServers.isEmpty { query["dnsservers"] = try json(network.nameServers) }
        var attempt = 1
        let asked = query
        while let error = try await addingImage({ try await self.buildOnce(archive, asked, progress) }) {
            guard error.hasSuffix(Self.killedByBuilder), attempt < Self.mostAttempts else {
                throw WeirError.buildFailed(build.tag, error)
            }
            attempt += 1
            progress("a step was ended by the builder itself; attempt \(attempt) of \(Self.mostAttempts)")
        }
        guard let image = try await image(build.tag) else {
            throw WeirError.buildFailed(build.tag, "no image came out of it")
        }
        return image
    }

    /// When the network of a step cannot be set up, as while other networks come and go, Podman's builder kills the step
    /// and says only this.
    private static let killedByBuilder = "while running runtime: signal: killed"
    private static let mostAttempts = 3

    /// The error that the build ended with; nil when it came to its end.
    private func buildOnce(
        _ archive: String, _ query: [String: String], _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> String? {
        do {
            let body = try await podman.stream(
                .POST, "/build", query, body: .stream(FileChunks(path: archive), length: .unknown),
                contentType: "application/x-tar", timeout: .hours(2))
            for try await line in Lines(body) {
                guard let report = try? JSONDecoder().decode(BuildReport.self, from: line) else { continue }
                for text in (report.stream ?? "").split(separator: "\n") { progress(String(text)) }
                if let error = report.error { return error.trimmingCharacters(in: .whitespacesAndNewlines) }
            }
            return nil
        } catch let refusal as PodmanRefusal {
            return refusal.message
        }
    }

    /// `RUN --mount=type=secret,id=weir-ca,target=/etc/weir/ca-certificates.crt …` in a `Containerfile`.
    static let caSecret = "weir-ca"

    /// A new folder for files that are no longer needed after a moment, on the disk that has room.
    func workFolder(_ name: String) throws -> String {
        let folder = "\(configuration.scratchFolder)/\(name)-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        return folder
    }

    private func json(_ values: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(values), as: UTF8.self)
    }
}

extension WeirError {
    static func buildFailed(_ tag: String, _ detail: String) -> WeirError {
        // The step's whole text comes first, and the cause last.
        let reason = detail.suffix(400)
        return WeirError(
            "image_build_failed", .failed, subject: tag,
            LocalizedText("The image \(tag) could not be built: \(reason)", zh: "镜像 \(tag) 构建失败：\(reason)"),
            remedy: LocalizedText("Read the build's output for the step that failed.", zh: "请查看构建日志中失败的步骤。"))
    }
}
