import ArgumentParser
import WeirModel

struct ProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project", abstract: "Projects: code, environments, jobs and services with one goal.",
        subcommands: [
            Create.self, List.self, Use.self, Show.self, Edit.self, Delete.self, Data.self, CodeCommand.self, OutputCommand.self,
        ])

    static func details(_ project: Records.Project) -> [(name: String, value: String?)] {
        [
            ("name", project.name), ("id", project.id), ("description", project.description),
            ("tags", project.tags.joined(separator: ", ")),
            ("created", "\(project.createdAt.short) by \(project.createdBy.login)"),
            ("changed", project.changedAt.short),
        ]
    }

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a project (PRJ-01).",
            discussion: """
                Afterwards: leave it at that, upload code (`weir project code upload`), or start an environment (`weir env create`).

                EXAMPLES:
                  weir project create digits --description 'Handwritten digits' --tag vision --use
                """)

        @Argument(help: "Its name, unique in the workspace, 64 characters at most.") var name: String
        @Option(help: "What it is about.") var description: String?
        @Option(name: .customLong("tag"), help: "A label; can be given again.") var tags: [String] = []
        @Flag(help: "Work on it from now on.") var use = false
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let body = JSONValue.members([
                "name": .string(name), "description": description.map { .string($0) },
                "tags": tags.isEmpty ? nil : .array(tags.map { .string($0) }),
            ])
            let answer = try await session.api.answer(
                .create("/api/v1/workspaces/\(workspace.id)/projects", body), as: Records.Project.self)
            let project = answer.value
            if use {
                try session.remember { profile in
                    profile.workspace = workspace
                    profile.project = Profile.Remembered(id: project.id, name: project.name)
                }
            }
            try session.output.done("Created the project \(project.name).", json: answer.json, identifier: project.id)
            session.output.note(
                "Next: `weir project code upload FOLDER`, or `weir env create NAME` to start developing now.")
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the projects of a workspace.",
            discussion: "EXAMPLES:\n  weir project list --name digit", aliases: ["ls"])

        @Option(help: "Only those with this in their name.") var name: String?
        @Option(help: "In which order: newest, oldest, name or changed.") var sort: String?
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let call = APICall.get("/api/v1/workspaces/\(workspace.id)/projects", [("name", name), ("sort", sort)])
            let answer = try await session.api.list(call, of: Records.Project.self)
            let table = Table(
                .text("NAME"), .text("DESCRIPTION"), .text("TAGS"), .text("BY"), .text("CHANGED"), .text("ID"))
            try session.output.list(answer, table, identifier: \.id) {
                [
                    $0.name + ($0.id == session.profile.project?.id ? " *" : ""), String($0.description.prefix(40)),
                    $0.tags.joined(separator: ","), $0.createdBy.login, $0.changedAt.short, $0.id,
                ]
            }
        }
    }

    struct Use: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Work on a project from now on.", discussion: "EXAMPLES:\n  weir project use digits")

        @Argument(help: "Name or id.") var project: String
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let id = try await session.project(called: project, in: choice).id
            let found = try await session.api.answer(.get("/api/v1/projects/\(id)"), as: Records.Project.self).value
            let workspace = try await session.api.answer(
                .get("/api/v1/workspaces/\(found.workspace)"), as: Records.Workspace.self
            ).value
            try session.remember { profile in
                profile.workspace = Profile.Remembered(id: workspace.id, name: workspace.name)
                profile.project = Profile.Remembered(id: found.id, name: found.name)
            }
            try session.output.done("Working on \(found.name) in \(workspace.name).", identifier: found.id)
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a project.", discussion: "EXAMPLES:\n  weir project show digits")

        @Argument(help: "Name or id; the chosen one when left out.") var project: String?
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let id = try await ProjectCommand.id(project, choice, session)
            let answer = try await session.api.answer(.get("/api/v1/projects/\(id)"), as: Records.Project.self)
            try session.output.details(answer, identifier: \.id, ProjectCommand.details)
        }
    }

    struct Edit: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change name, description or tags (PRJ-06).",
            discussion: "EXAMPLES:\n  weir project edit digits --name numerals --tag vision --tag teaching")

        @Argument(help: "Name or id; the chosen one when left out.") var project: String?
        @Option(help: "The new name.") var name: String?
        @Option(help: "The new description.") var description: String?
        @Option(name: .customLong("tag"), help: "The tags in place of the old ones; can be given again.") var tags: [String] = []
        @Flag(help: "Take all tags away.") var noTags = false
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let id = try await ProjectCommand.id(project, choice, session)
            let body = JSONValue.members([
                "name": name.map { .string($0) }, "description": description.map { .string($0) },
                "tags": tags.isEmpty && !noTags ? nil : .array(tags.map { .string($0) }),
            ])
            let answer = try await session.api.answer(
                .send(.patch, "/api/v1/projects/\(id)", body), as: Records.Project.self)
            try session.output.details(answer, identifier: \.id, ProjectCommand.details)
        }
    }

    struct Delete: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a project with its code and output; what was exported stays (PRJ-07).",
            discussion: "EXAMPLES:\n  weir project delete digits --yes", aliases: ["rm"])

        @Argument(help: "Name or id.") var project: String
        @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
        @Option(help: "Its name, where another person made it.") var confirm: String?
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let found = try await session.project(called: project, in: choice)
            try Prompt.confirm(
                "Kept: datasets and models that were exported from it; bills and records.\nLost: its code, its outputs, and all its ended environments, jobs, services and boards.\nDelete the project \(found.name)?",
                yes: yes)
            try await Deletion.delete("/api/v1/projects/\(found.id)", confirm: confirm, session)
            if session.profile.project?.id == found.id { try session.remember { $0.project = nil } }
            try session.output.done("Deleted.", identifier: found.id)
        }
    }

    struct Data: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the datasets and models that its workloads have mounted, and whether they are in place (PRJ-13).",
            discussion: "EXAMPLES:\n  weir project data digits")

        @Argument(help: "Name or id; the chosen one when left out.") var project: String?
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let id = try await ProjectCommand.id(project, choice, session)
            let answer = try await session.api.list(.get("/api/v1/projects/\(id)/data"), of: Records.ProjectData.self)
            let table = Table(
                .text("NAME"), .text("KIND"), .number("VERSION"), .number("NEWEST"), .text("STATE"), .text("ZONE"), .number("USED BY"),
                .number("IN USE"), .text("LAST"), .text("ID"))
            try session.output.list(answer, table, identifier: \.asset) {
                [
                    $0.name ?? "–", $0.kind ?? "", "\($0.version)", $0.latestVersion.map { "\($0)" } ?? "",
                    $0.sync.replacing("_", with: " "), $0.zone ?? "", "\($0.workloads)", "\($0.live)", $0.lastWorkload.name, $0.asset,
                ]
            }
        }
    }

    /// The project that an argument names, or the chosen one.
    static func id(_ argument: String?, _ choice: WorkspaceOptions, _ session: ClientSession) async throws -> String {
        if let argument { return try await session.project(called: argument, in: choice).id }
        guard let chosen = session.profile.project else { throw WeirError.notChosen("project") }
        return chosen.id
    }
}
