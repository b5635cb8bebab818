import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import WeirModel

extension PodmanEngine {
    private struct Inspected: Decodable {
        var Id: String
        var Labels: [String: String]?
        var Size: Int64
    }

    private struct Listed: Decodable {
        var Id: String
        var RepoTags: [String]?
        var Labels: [String: String]?
        var Size: Int64
    }

    public func image(_ reference: String) async throws -> EngineImage? {
        let name = reference.hasPrefix("sha256:") ? String(reference.dropFirst(7)) : reference
        do {
            let answer = try await podman.call(.GET, "/images/\(PodmanSocket.escaped(name))/json")
            let image = try podman.decode(Inspected.self, from: answer)
            return EngineImage(
                reference: reference, digest: "sha256:\(image.Id)", labels: image.Labels ?? [:], size: Bytes(image.Size))
        } catch let refusal as PodmanRefusal where refusal.isImageMissing {
            return nil
        }
    }

    public func images() async throws -> [EngineImage] {
        let listed: [Listed] = try await podman.list("/images/json")
        return listed.flatMap { image in
            (image.RepoTags ?? []).map { tag in
                EngineImage(
                    reference: tag, digest: "sha256:\(image.Id)", labels: image.Labels ?? [:], size: Bytes(image.Size))
            }
        }
    }

    public func pull(_ reference: String, progress: @Sendable (String) -> Void) async throws -> EngineImage {
        struct Report: Decodable {
            var stream: String?
            var error: String?
        }
        try requireImageSpace()
        do {
            let body = try await podman.stream(
                .POST, "/images/pull", ["reference": reference, "quiet": "false"], timeout: .hours(2))
            for try await line in Lines(body) {
                guard let report = try? JSONDecoder().decode(Report.self, from: line) else { continue }
                if let error = report.error { throw LaunchFailure(.imagePull(reference, detail: String(error.prefix(400)))) }
                if let text = report.stream { progress(text.trimmingCharacters(in: .newlines)) }
            }
        } catch let refusal as PodmanRefusal {
            throw LaunchFailure(.imagePull(reference, detail: String(refusal.message.prefix(400))))
        }
        guard let image = try await image(reference) else { throw LaunchFailure(.imageMissing(reference)) }
        return image
    }

    /// Imports a tar file as an image of one layer. `changes` are lines of a Containerfile: `CMD ["sh"]`, `LABEL a=b`.
    public func importImage(tar: String, reference: String, changes: [String] = []) async throws -> EngineImage {
        try requireImageSpace()
        let chunks = FileChunks(path: tar)
        // One parameter a line: of lines in one, Podman takes the first.
        let lines = changes.map { "&changes=" + PodmanSocket.escaped($0) }.joined()
        let body = try await podman.stream(
            .POST, "/images/import?reference=" + PodmanSocket.escaped(reference) + lines, body: .stream(chunks, length: .unknown),
            contentType: "application/x-tar",
            timeout: .minutes(30))
        _ = try await body.collect(upTo: 1 << 20)
        guard let image = try await image(reference) else { throw LaunchFailure(.imageMissing(reference)) }
        return image
    }

    /// Removes an image, or one of its names. Succeeds when it is not there.
    public func removeImage(_ reference: String) async throws {
        do {
            _ = try await podman.call(.DELETE, "/images/\(PodmanSocket.escaped(reference))", ["force": "true"])
        } catch let refusal as PodmanRefusal where refusal.isImageMissing {}
    }
}
