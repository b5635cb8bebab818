import ArgumentParser
import WeirModel

struct AssetUpload<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "upload", abstract: "Send files or folders into the draft of a \(Noun.word).",
            discussion: """
                In parts of 16 MiB with a checksum each. What was cut off goes on when the same command is given again. Of a
                folder, its content goes in, not the folder itself.

                EXAMPLES:
                  weir \(Noun.word) upload digits digits.csv
                  weir \(Noun.word) upload digits ./images --into train --confirm
                """)
    }

    @Argument(help: "Name or id of the \(Noun.word).") var name: String
    @Argument(help: "Files and folders.", completion: .file()) var paths: [String]
    @Option(help: "Folder of the draft to put them into.") var into = ""
    @Option(help: "A name to leave out at any depth; can be given again.") var exclude: [String] = []
    @Flag(help: "Leave out files whose names are too long to be sent one by one.") var skipBadNames = false
    @Flag(help: "Make a version of the draft afterwards.") var confirm = false
    @Option(help: "What is said about that version.") var note: String?
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let asset = try await session.asset(Noun.kind, name, in: choice)
        var tree = try LocalTree(paths, into: into, exclude: Set(exclude))
        try tree.checkNames(leavingOut: skipBadNames, session.output)
        let label = tree.files.count == 1 ? tree.files[0].target : Phrase.count(tree.files.count, "file")
        let progress = Progress(label, total: tree.size, output: session.output)
        let memory = UploadMemory(folder: session.file.folder)
        try await TusUpload(api: session.api, asset: asset.id, memory: memory, progress: progress).send(tree.files)
        progress.finish()
        for path in tree.skipped { session.output.note("Left out, as it is no file: \(path)") }
        if confirm, tree.skipped.isEmpty { return try await AssetConfirm<Noun>.confirm(asset, note: note, session) }
        try session.output.done(
            "Uploaded \(Phrase.count(tree.files.count, "file")), \(Bytes(tree.size)), into the draft of \(asset.name).",
            json: .object(["files": .integer(Int64(tree.files.count)), "size": .integer(tree.size)]),
            identifier: asset.id)
        guard tree.skipped.isEmpty else { throw confirm ? WeirError.leftUnconfirmed(tree.skipped) : .leftOut(tree.skipped) }
    }
}

struct AssetConfirm<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "confirm", abstract: "Make the draft the next version, which cannot change any more (DAT-06).",
            discussion: "EXAMPLES:\n  weir \(Noun.word) confirm digits --note 'All 1,797 samples'")
    }

    @Argument(help: "Name or id.") var name: String
    @Option(help: "What is said about the version.") var note: String?
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        try await Self.confirm(try await session.asset(Noun.kind, name, in: choice), note: note, session)
    }

    static func confirm(_ asset: Records.Asset, note: String?, _ session: ClientSession) async throws {
        var call = try APICall.create(
            "/api/v1/assets/\(asset.id)/versions", .members(["note": note.map { .string($0) }]))
        call.timeout = .seconds(3600)
        let answer = try await session.api.answer(call, as: Records.Version.self)
        let version = answer.value
        try session.output.done(
            "\(asset.name) has version \(version.number): \(Phrase.count(version.files, "file")), "
                + "\(Phrase.size(version.size)), \(Phrase.size(version.added)) of it new on the disk.",
            json: answer.json, identifier: "\(version.number)")
    }
}

struct AssetVersions<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "versions", abstract: "List the versions, newest first.",
            discussion: "EXAMPLES:\n  weir \(Noun.word) versions digits")
    }

    @Argument(help: "Name or id.") var name: String
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let asset = try await session.asset(Noun.kind, name, in: choice)
        let answer = try await session.api.list(.get("/api/v1/assets/\(asset.id)/versions"), of: Records.Version.self)
        let table = Table(
            .number("VERSION"), .number("FILES"), .number("SIZE"), .number("NEW ON DISK"), .text("BY"),
            .text("CREATED"),
            .text("NOTE"))
        try session.output.list(answer, table, identifier: { "\($0.number)" }) {
            [
                "\($0.number)", "\($0.files)", Phrase.size($0.size), Phrase.size($0.added), $0.createdBy.login,
                $0.createdAt.short, String($0.note.prefix(60)),
            ]
        }
    }
}

struct AssetFiles<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "files", abstract: "List a folder of a version.",
            discussion: "EXAMPLES:\n  weir \(Noun.word) files digits\n  weir \(Noun.word) files digits@2 images")
    }

    @Argument(help: "NAME or NAME@NUMBER; the newest version when left out.") var name: String
    @Argument(help: "Folder; the top when left out.") var path = ""
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let base = try await session.versionPath(Noun.kind, name, in: choice)
        try await FileTable.show(.get(base + "/files", [("path", path)]), session)
    }
}

struct AssetDownload<Noun: AssetNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "download", abstract: "Fetch a version, or a folder or file of it.",
            discussion: "EXAMPLES:\n  weir \(Noun.word) download digits@2 --to ./digits")
    }

    @Argument(help: "NAME or NAME@NUMBER; the newest version when left out.") var name: String
    @Argument(help: "Folder or file; everything when left out.") var path = ""
    @Option(help: "Folder of this machine.", completion: .directory) var to = "."
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let base = try await session.versionPath(Noun.kind, name, in: choice)
        try await FileTable.download(base + "/files", base + "/file", path: path, to: to, session)
    }
}

extension ClientSession {
    /// The path of the API to the version that `NAME` or `NAME@NUMBER` means.
    func versionPath(_ kind: AssetKind, _ text: String, in choice: WorkspaceOptions) async throws -> String {
        let wanted = try VersionChoice(text)
        let asset = try await asset(kind, wanted.name, in: choice)
        guard let number = wanted.number ?? asset.latestVersion else {
            throw WeirError.notFound("version of \(asset.name)")
        }
        return "/api/v1/assets/\(asset.id)/versions/\(number)"
    }
}
