import ArgumentParser
import WeirModel

/// Datasets and models have the same commands under two nouns.
protocol AssetNoun: Sendable {
    static var kind: AssetKind { get }
}

enum DatasetNoun: AssetNoun {
    static var kind: AssetKind { .dataset }
}

enum ModelNoun: AssetNoun {
    static var kind: AssetKind { .model }
}

extension AssetNoun {
    static var word: String { kind.rawValue }
}

struct AssetCommand<Noun: AssetNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Noun.word,
            abstract: Noun.kind == .dataset
                ? "Datasets: versions that cannot change, and a draft that is being filled."
                : "Models: versions that cannot change, and a draft that is being filled.",
            subcommands: [
                AssetCreate<Noun>.self, AssetList<Noun>.self, AssetShow<Noun>.self, AssetEdit<Noun>.self,
                AssetUpload<Noun>.self, DraftCommand<Noun>.self, AssetConfirm<Noun>.self, AssetVersions<Noun>.self,
                AssetFiles<Noun>.self, AssetDownload<Noun>.self, AssetDelete<Noun>.self,
            ])
    }
}

struct AssetCreate<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "create",
            abstract: "Create an empty \(Noun.word) (\(Noun.kind == .dataset ? "DAT-01" : "MOD-01")).",
            discussion: "EXAMPLES:\n  weir \(Noun.word) create digits --description 'Handwritten digits' --tag vision")
    }

    @Argument(help: "Its name, unique in the workspace.") var name: String
    @OptionGroup var about: AssetAbout
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workspace = try await session.workspace(choice)
        var body = about.members
        body["kind"] = .string(Noun.word)
        body["name"] = .string(name)
        let answer = try await session.api.answer(
            .create("/api/v1/workspaces/\(workspace.id)/assets", .members(body)), as: Records.Asset.self)
        try session.output.done(
            "Created the \(Noun.word) \(answer.value.name).", json: answer.json, identifier: answer.value.id)
        session.output.note("Next: `weir \(Noun.word) upload \(name) FILE…`, then `weir \(Noun.word) confirm \(name)`.")
    }
}

/// What is said about an asset.
struct AssetAbout: ParsableArguments {
    @Option(help: "What it is.") var description: String?
    @Option(name: .customLong("tag"), help: "A label; can be given again.") var tags: [String] = []
    @Option(help: "Who sees it: workspace, or owner alone (DAT-14).") var visibility: Choice?
    @Option(help: "image, audio, file, table, video or other (DAT-20).") var dataType: String?
    @Option(help: "image_classification, object_detection … (DAT-21).") var scenario: String?

    enum Choice: String, ExpressibleByArgument, CaseIterable, Sendable {
        case workspace, owner
    }

    var members: [String: JSONValue?] {
        [
            "description": description.map { .string($0) },
            "tags": tags.isEmpty ? nil : .array(tags.map { .string($0) }),
            "visibility": visibility.map { .string($0.rawValue) }, "data_type": dataType.map { .string($0) },
            "scenario": scenario.map { .string($0) },
        ]
    }
}

struct AssetList<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "List the \(Noun.word)s of a workspace.",
            discussion: "EXAMPLES:\n  weir \(Noun.word) list --name dig", aliases: ["ls"])
    }

    @Option(help: "Only those with this in their name.") var name: String?
    @Option(help: "Only those of this data type.") var dataType: String?
    @Option(help: "In which order: newest, oldest, name or changed.") var sort: String?
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workspace = try await session.workspace(choice)
        let call = APICall.get(
            "/api/v1/workspaces/\(workspace.id)/assets",
            [("kind", Noun.word), ("name", name), ("data_type", dataType), ("sort", sort)])
        let answer = try await session.api.list(call, of: Records.Asset.self)
        let table = Table(
            .text("NAME"), .number("VERSION"), .text("TYPE"), .text("ZONE"), .text("BY"), .text("CHANGED"), .text("ID"))
        try session.output.list(answer, table, identifier: \.id) {
            [
                $0.name, $0.latestVersion.map { "\($0)" } ?? "draft", $0.dataType ?? "", $0.zone, $0.createdBy.login,
                $0.changedAt.short, $0.id,
            ]
        }
    }
}

struct AssetShow<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "show", abstract: "Show a \(Noun.word).",
            discussion: "EXAMPLES:\n  weir \(Noun.word) show digits")
    }

    @Argument(help: "Name or id.") var name: String
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let id = try await session.asset(Noun.kind, name, in: choice).id
        let answer = try await session.api.answer(.get("/api/v1/assets/\(id)"), as: Records.Asset.self)
        try session.output.details(answer, identifier: \.id) { asset in
            [
                ("name", asset.name), ("id", asset.id), ("description", asset.description),
                ("tags", asset.tags.joined(separator: ", ")), ("visibility", asset.visibility),
                ("data type", asset.dataType), ("scenario", asset.scenario), ("zone", asset.zone),
                ("newest version", asset.latestVersion.map { "\($0)" } ?? "none yet"),
                ("created", "\(asset.createdAt.short) by \(asset.createdBy.login)"), ("changed", asset.changedAt.short),
            ]
        }
    }
}

struct AssetEdit<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "edit", abstract: "Change what is said about a \(Noun.word).",
            discussion:
                "EXAMPLES:\n  weir \(Noun.word) edit digits --visibility owner\n  weir \(Noun.word) edit digits --no-tags --data-type none")
    }

    @Argument(help: "Name or id.") var name: String
    @Option(name: .customLong("name"), help: "The new name.") var newName: String?
    @OptionGroup var about: AssetAbout
    @Flag(help: "Take all tags away.") var noTags = false
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let id = try await session.asset(Noun.kind, name, in: choice).id
        var body = about.members
        body["name"] = newName.map { .string($0) }
        if noTags { body["tags"] = .array([]) }
        let answer = try await session.api.answer(.send(.patch, "/api/v1/assets/\(id)", .members(body)))
        try session.output.done("Changed.", json: answer, identifier: id)
    }
}

struct AssetDelete<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "delete", abstract: "Delete a \(Noun.word), or one of its versions (DAT-15).",
            discussion: "EXAMPLES:\n  weir \(Noun.word) delete digits@1\n  weir \(Noun.word) delete digits --yes",
            aliases: ["rm"])
    }

    @Argument(help: "NAME for all of it, NAME@NUMBER for one version.") var name: String
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @Option(help: "Its name, where another person made it.") var confirm: String?
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let wanted = try VersionChoice(name)
        let asset = try await session.asset(Noun.kind, wanted.name, in: choice)
        if let number = wanted.number {
            try Prompt.confirm("Delete version \(number) of \(asset.name)?", yes: yes)
            _ = try await session.api.answer(.delete("/api/v1/assets/\(asset.id)/versions/\(number)"))
        } else {
            try Prompt.confirm("Delete the \(Noun.word) \(asset.name) with all its versions?", yes: yes)
            try await Deletion.delete("/api/v1/assets/\(asset.id)", confirm: confirm, session)
        }
        try session.output.done("Deleted.", identifier: asset.id)
    }
}
