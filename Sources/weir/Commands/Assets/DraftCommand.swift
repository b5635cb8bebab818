import ArgumentParser
import WeirModel

/// What is being uploaded, until it is confirmed (DAT-05).
struct DraftCommand<Noun: AssetNoun>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "draft", abstract: "The draft of a \(Noun.word): look, rename, delete, unpack.",
            subcommands: [
                DraftList<Noun>.self, DraftRemove<Noun>.self, DraftMove<Noun>.self, DraftUnpack<Noun>.self,
                DraftDiscard<Noun>.self,
            ])
    }
}

struct DraftList<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "ls", abstract: "List a folder of the draft.",
            discussion: "EXAMPLES:\n  weir \(Noun.word) draft ls digits", aliases: ["list"])
    }

    @Argument(help: "Name or id.") var name: String
    @Argument(help: "Folder; the top when left out.") var path = ""
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let asset = try await session.asset(Noun.kind, name, in: choice)
        try await FileTable.show(.get("/api/v1/assets/\(asset.id)/draft", [("path", path)]), session)
    }
}

struct DraftRemove<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "rm", abstract: "Delete files or folders of the draft.",
            discussion: "EXAMPLES:\n  weir \(Noun.word) draft rm digits wrong.csv")
    }

    @Argument(help: "Name or id.") var name: String
    @Argument(help: "Files and folders.") var paths: [String]
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let asset = try await session.asset(Noun.kind, name, in: choice)
        let body: JSONValue = .object(["paths": .array(paths.map { .string($0) })])
        _ = try await session.api.answer(.send(.post, "/api/v1/assets/\(asset.id)/draft/delete", body))
        try session.output.done("Deleted.")
    }
}

struct DraftMove<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "mv", abstract: "Rename or move a file or folder of the draft.",
            discussion: "EXAMPLES:\n  weir \(Noun.word) draft mv digits a.csv raw/a.csv")
    }

    @Argument(help: "Name or id.") var name: String
    @Argument(help: "What it is called.") var from: String
    @Argument(help: "What it shall be called.") var to: String
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let asset = try await session.asset(Noun.kind, name, in: choice)
        let body: JSONValue = .object(["from": .string(from), "to": .string(to)])
        _ = try await session.api.answer(.send(.post, "/api/v1/assets/\(asset.id)/draft/rename", body))
        try session.output.done("Moved.")
    }
}

struct DraftUnpack<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "unpack", abstract: "Unpack a tar, zip, tar.gz or rar archive of the draft (DAT-03).",
            discussion: "EXAMPLES:\n  weir \(Noun.word) draft unpack digits images.zip --into images")
    }

    @Argument(help: "Name or id.") var name: String
    @Argument(help: "The archive.") var path: String
    @Option(help: "Folder to unpack into; the archive's own when left out.") var into: String?
    @Option(help: "Of old names: GBK, Big5, Shift-JIS, EUC-KR, CP850, CP437, or raw for the bytes as they are.") var charset: String?
    @Flag(help: "Keep the archive.") var keep = false
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let asset = try await session.asset(Noun.kind, name, in: choice)
        try await FileTable.unpack("/api/v1/assets/\(asset.id)/draft/unpack", path, into, charset, keep, session)
    }
}

struct DraftDiscard<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "discard", abstract: "Throw the draft away.",
            discussion: "EXAMPLES:\n  weir \(Noun.word) draft discard digits --yes")
    }

    @Argument(help: "Name or id.") var name: String
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let asset = try await session.asset(Noun.kind, name, in: choice)
        try Prompt.confirm("Throw away the draft of \(asset.name)?", yes: yes)
        _ = try await session.api.answer(.send(.post, "/api/v1/assets/\(asset.id)/draft/discard"))
        try session.output.done("Discarded.")
    }
}
