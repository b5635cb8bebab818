import ArgumentParser
import WeirModel

struct CodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "code", abstract: "The code of a project, /gemini/code in its containers.",
        subcommands: [Upload.self, List.self, Clone.self, Download.self, Remove.self, Move.self, Unpack.self])

    struct Upload: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put files into the code (PRJ-08).",
            discussion: """
                Of a folder, its content goes in, not the folder itself.

                EXAMPLES:
                  weir project code upload ./code
                  weir project code upload train.py serve.py --into src
                """)

        @Argument(help: "Files and folders.", completion: .file()) var paths: [String]
        @Option(help: "Folder of the code to put them into.") var into = ""
        @Option(help: "A name to leave out at any depth; can be given again.") var exclude: [String] = [
            ".git", "__pycache__",
        ]
        @Flag(help: "Leave out files whose names are too long to be sent one by one.") var skipBadNames = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            var tree = try LocalTree(paths, into: into, exclude: Set(exclude))
            try tree.checkNames(leavingOut: skipBadNames, session.output)
            let progress = Progress(Phrase.count(tree.files.count, "file"), total: tree.size, output: session.output)
            try await CodeUpload(api: session.api, project: project.id, progress: progress).send(tree.files)
            progress.finish()
            for path in tree.skipped { session.output.note("Left out, as it is no file: \(path)") }
            try session.output.done(
                "Uploaded \(Phrase.count(tree.files.count, "file")), \(Bytes(tree.size)).",
                json: .object(["files": .integer(Int64(tree.files.count)), "size": .integer(tree.size)]))
            guard tree.skipped.isEmpty else { throw WeirError.leftOut(tree.skipped) }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List a folder of the code.",
            discussion: "EXAMPLES:\n  weir project code ls src", aliases: ["list"])

        @Argument(help: "Folder; the top when left out.") var path = ""
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            try await FileTable.show(.get("/api/v1/projects/\(project.id)/code", [("path", path)]), session)
        }
    }

    struct Clone: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Clone a git repository into the code (PRJ-14).",
            discussion: """
                Who reads a private repository is used once and kept nowhere. Without a terminal, the password is the first line of standard input.

                EXAMPLES:
                  weir project code clone https://git.example.org/ada/digits.git --branch main
                  weir project code clone https://git.example.org/ada/secret.git --user ada < token.txt
                """)

        @Argument(help: "https address.") var url: String
        @Option(help: "Folder that is not there yet; the repository's name when left out.") var into: String?
        @Option(help: "The branch.") var branch: String?
        @Option(help: "Who reads it; the password or token is asked for.") var user: String?
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            let password = try user.map { _ in try Prompt.secret("Password or token") }
            let body = JSONValue.members([
                "url": .string(url), "into": into.map { .string($0) }, "branch": branch.map { .string($0) },
                "user": user.map { .string($0) }, "password": password.map { .string($0) },
            ])
            var call = try APICall.send(.post, "/api/v1/projects/\(project.id)/code/clone", body)
            call.timeout = .seconds(3600)
            _ = try await session.api.answer(call)
            try session.output.done("Cloned.")
        }
    }

    struct Download: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch a folder or file of the code.",
            discussion: "EXAMPLES:\n  weir project code download src --to ./digits")

        @Argument(help: "Folder or file; everything when left out.") var path = ""
        @Option(help: "Folder of this machine.", completion: .directory) var to = "."
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            let base = "/api/v1/projects/\(project.id)/code"
            try await FileTable.download(base, base + "/file", path: path, to: to, session)
        }
    }

    struct Remove: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Delete files or folders of the code.",
            discussion: "EXAMPLES:\n  weir project code rm old.py")

        @Argument(help: "Files and folders.") var paths: [String]
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            for path in paths {
                _ = try await session.api.answer(.delete("/api/v1/projects/\(project.id)/code/file", [("path", path)]))
            }
            try session.output.done("Deleted.")
        }
    }

    struct Move: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "mv", abstract: "Rename or move a file or folder of the code.",
            discussion: "EXAMPLES:\n  weir project code mv train.py src/train.py")

        @Argument(help: "What it is called.") var from: String
        @Argument(help: "What it shall be called.") var to: String
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            _ = try await session.api.answer(
                .send(
                    .post, "/api/v1/projects/\(project.id)/code/rename",
                    .object(["from": .string(from), "to": .string(to)])))
            try session.output.done("Moved.")
        }
    }

    struct Unpack: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Unpack an archive that lies in the code (DAT-03).",
            discussion: "EXAMPLES:\n  weir project code unpack source.zip --into src")

        @Argument(help: "The archive.") var path: String
        @Option(help: "Folder to unpack into; the archive's own when left out.") var into: String?
        @Option(help: "Of old names: GBK, Big5, Shift-JIS, EUC-KR, CP850, CP437, or raw for the bytes as they are.") var charset: String?
        @Flag(help: "Keep the archive.") var keep = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            try await FileTable.unpack("/api/v1/projects/\(project.id)/code/unpack", path, into, charset, keep, session)
        }
    }
}
