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
        let hash = String(try hash(of: definition), radix: 16)
        if let there = try await engine.image(definition.reference), there.labels[Self.label] == hash { return there }
        if let parent = definition.parent { _ = try await ensure(parent, progress: progress) }
        progress("building \(definition.reference)")
        switch definition {
        case .base:
            switch base {
            case .registry(let reference): return try await pullBase(reference, hash: hash, progress: progress)
            case .made: return try await makeBase(hash: hash, progress: progress)
            }
        case .python, .notebook:
            return try await engine.build(
                ImageBuild(context: folder(of: definition), tag: definition.reference, labels: [Self.label: hash]),
                progress: progress)
        }
    }

    private func folder(of definition: Definition) -> String { "\(definitions)/\(definition.rawValue)" }

    /// A number for all that the image is made of: its files, those of what it stands on, and where the first layer came
    /// from. No image takes part, so that one made again from the same definition asks for nothing above it.
    private func hash(of definition: Definition) throws -> UInt64 {
        var hash = StableHash()
        if let parent = definition.parent {
            hash.add("\(try self.hash(of: parent))\n".utf8)
        } else {
            switch base {
            case .registry(let reference): hash.add("registry \(reference)\n".utf8)
            case .made: hash.add("made\n".utf8)
            }
        }
        let folder = folder(of: definition)
        for file in try FileManager.default.subpathsOfDirectory(atPath: folder).sorted() {
            guard let content = FileManager.default.contents(atPath: "\(folder)/\(file)") else { continue }
            hash.add("\(file) \(content.count)\n".utf8)
            hash.add(content)
        }
        return hash.value
    }

    private func pullBase(
        _ reference: String, hash: String, progress: @escaping @Sendable (String) -> Void
    ) async throws -> EngineImage {
        _ = try await engine.pull(reference, progress: progress)
        let context = try engine.workFolder("base")
        defer { try? FileManager.default.removeItem(atPath: context) }
        try "FROM \(reference)\n".write(toFile: context + "/Containerfile", atomically: true, encoding: .utf8)
        return try await engine.build(
            ImageBuild(context: context, tag: Definition.base.reference, labels: [Self.label: hash]), progress: progress)
    }

    private func makeBase(hash: String, progress: @escaping @Sendable (String) -> Void) async throws -> EngineImage {
        let definition = try BaseDefinition(file: folder(of: .base) + "/debian.txt")
        let work = try engine.workFolder("base")
        defer { try? FileManager.default.removeItem(atPath: work) }
        let made = try await HostCommand.run(
            [
                "mmdebstrap", "--mode=root", "--variant=\(definition.variant)",
                "--include=\(definition.packages.joined(separator: ","))",
                "--aptopt=APT::Install-Recommends \"false\"", "--aptopt=Acquire::Retries \"3\"",
                // apt's own user may not be let into the folder. In the image it is used as ever.
                "--aptopt=APT::Sandbox::User \"root\"",
                "--customize-hook=sed -i /Sandbox/d \"$1/etc/apt/apt.conf.d/99mmdebstrap\"",
                definition.suite, work + "/base.tar",
            ], environment: ["TMPDIR": work], progress: progress)
        guard made.status == 0 else { throw WeirError.hostCommandFailed("mmdebstrap", Self.reason(in: made.output)) }
        return try await engine.importImage(
            tar: work + "/base.tar", reference: Definition.base.reference,
            changes: ["CMD [\"/bin/bash\"]", "LABEL \(Self.label)=\(hash)"])
    }

    /// The lines that name an error, else the end of all.
    private static func reason(in output: String) -> String {
        let errors = output.split(separator: "\n").filter { $0.hasPrefix("E: ") || $0.hasPrefix("Err:") }
        return String((errors.isEmpty ? output : errors.joined(separator: "\n")).suffix(500))
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
