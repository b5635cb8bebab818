import Foundation
import WeirModel

/// The images that Weir brings along, built on this machine from the definitions in a folder.
public struct OfficialImages: Sendable {
    private let engine: PodmanEngine
    /// The folder with `base`, `python` and `notebook`.
    private let definitions: String
    private let base: Base

    /// Where the first layer comes from.
    public enum Base: Hashable, Sendable {
        /// A Debian image of a registry: `docker.io/library/debian:bookworm-slim`.
        case registry(String)
        /// Made here from Debian's archive with `mmdebstrap`, where no registry is in reach.
        case made
    }

    public enum Definition: String, CaseIterable, Sendable {
        case base, python, notebook

        public var reference: String { "localhost/weir/\(rawValue):1" }
        var parent: Definition? {
            switch self {
            case .base: nil
            case .python: .base
            case .notebook: .python
            }
        }
    }

    static let label = "weir.definition"

    public init(engine: PodmanEngine, definitions: String, base: Base) {
        self.engine = engine
        self.definitions = definitions
        self.base = base
    }

    /// Builds the image and what it stands on, unless they are there in the form that the definitions describe.
    /// Each line of the builds' output goes to `progress`.
    public func ensure(
        _ definition: Definition, progress: @escaping @Sendable (String) -> Void
    ) async throws -> EngineImage {
        var foundation = ""
        if let parent = definition.parent { foundation = try await ensure(parent, progress: progress).digest }
        let hash = try hash(of: definition, on: foundation)
        if let there = try await engine.image(definition.reference), there.labels[Self.label] == hash { return there }
        progress("building \(definition.reference)")
        switch definition {
        case .base:
            switch base {
            case .registry(let reference): return try await pullBase(reference, hash: hash, progress: progress)
            case .made: return try await makeBase(hash: hash)
            }
        case .python, .notebook:
            return try await engine.build(
                ImageBuild(context: folder(of: definition), tag: definition.reference, labels: [Self.label: hash]),
                progress: progress)
        }
    }

    private func folder(of definition: Definition) -> String { "\(definitions)/\(definition.rawValue)" }

    /// A number for all that the image is made of: the files, what it stands on, where that came from.
    private func hash(of definition: Definition, on foundation: String) throws -> String {
        let folder = folder(of: definition)
        var text = "\(foundation)\n"
        if definition == .base { text += "\(base)\n" }
        for file in try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() {
            guard let content = FileManager.default.contents(atPath: "\(folder)/\(file)") else { continue }
            text += "\(file) \(content.count)\n\(String(decoding: content, as: UTF8.self))\n"
        }
        return String(StableHash.of(text), radix: 16)
    }

    private func pullBase(
        _ reference: String, hash: String, progress: @escaping @Sendable (String) -> Void
    ) async throws -> EngineImage {
        _ = try await engine.pull(reference, progress: progress)
        let context = "/tmp/weir-base-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: context, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: context) }
        try "FROM \(reference)\n".write(toFile: context + "/Containerfile", atomically: true, encoding: .utf8)
        return try await engine.build(
            ImageBuild(context: context, tag: Definition.base.reference, labels: [Self.label: hash]), progress: progress)
    }

    private func makeBase(hash: String) async throws -> EngineImage {
        let definition = try BaseDefinition(file: folder(of: .base) + "/debian.txt")
        let tar = "/var/tmp/weir-base-\(UInt64.random(in: .min ... .max)).tar"
        defer { try? FileManager.default.removeItem(atPath: tar) }
        let made = try await HostCommand.run([
            "mmdebstrap", "--variant=\(definition.variant)", "--include=\(definition.packages.joined(separator: ","))",
            "--aptopt=APT::Install-Recommends \"false\"", definition.suite, tar,
        ])
        guard made.status == 0 else { throw WeirError.hostCommandFailed("mmdebstrap", String(made.output.suffix(500))) }
        return try await engine.importImage(
            tar: tar, reference: Definition.base.reference,
            changes: ["CMD [\"/bin/bash\"]", "LABEL \(Self.label)=\(hash)"])
    }
}

/// `debian.txt`: lines of a word and what it stands for.
struct BaseDefinition {
    var suite = "bookworm"
    var variant = "minbase"
    var packages: [String] = []

    init(file: String) throws {
        for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            switch words.first {
            case "suite": suite = words[1]
            case "variant": variant = words[1]
            case "packages": packages += words.dropFirst()
            default: continue
            }
        }
    }
}
