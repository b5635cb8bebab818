import ArgumentParser

struct OutputCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "output", abstract: "What the project's workloads wrote to /gemini/output (PRJ-11).",
        subcommands: [List.self, Download.self, Export.self, Remove.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "ls", abstract: "List a folder of the output.",
            discussion: "EXAMPLES:\n  weir project output ls", aliases: ["list"])

        @Argument(help: "Folder; the top when left out.") var path = ""
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            try await FileTable.show(.get("/api/v1/projects/\(project.id)/output", [("path", path)]), session)
        }
    }

    struct Download: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Fetch a folder or file of the output.",
            discussion: "EXAMPLES:\n  weir project output download jobs/wld_01m7yp4s8q1a17ry933sz9jz0g/model --to ./model")

        @Argument(help: "Folder or file; everything when left out.") var path = ""
        @Option(help: "Folder of this machine.", completion: .directory) var to = "."
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            let base = "/api/v1/projects/\(project.id)/output"
            try await FileTable.download(base, base + "/file", path: path, to: to, session)
        }
    }

    struct Export: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a folder or file of the output a version of a dataset or model (PRJ-11).",
            discussion: """
                EXAMPLES:
                  weir project output export cleaned --to-dataset digits-clean
                  weir project output export jobs/wld_01m7yp4s8q1a17ry933sz9jz0g/model --to-model digits-net
                """)

        @Argument(help: "Folder or file; everything when left out.") var path = ""
        @OptionGroup var destination: ExportOptions
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            try await destination.export("/api/v1/projects/\(project.id)/output", path: path, session)
        }
    }

    struct Remove: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "rm", abstract: "Delete files or folders of the output, which ends their charge.",
            discussion: "EXAMPLES:\n  weir project output rm jobs/wld_01m7yp4s8q1a17ry933sz9jz0g")

        @Argument(help: "Files and folders; jobs/ID for all that an ended job wrote.") var paths: [String]
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            for path in paths {
                _ = try await session.api.answer(.delete("/api/v1/projects/\(project.id)/output/file", [("path", path)]))
            }
            try session.output.done("Deleted.")
        }
    }
}
