import ArgumentParser
import WeirModel

struct WorkspaceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "workspace", abstract: "Workspaces: tenants with members, quota and balance.",
        subcommands: [
            Create.self, List.self, Use.self, Rename.self, MemberCommand.self, ClosingCommand.Close.self, ClosingCommand.Reopen.self,
            ClosingCommand.LeftBehind.self,
        ])

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a workspace and own it.", discussion: "EXAMPLES:\n  weir workspace create vision --use")

        @Argument(help: "Its name.") var name: String
        @Flag(help: "Work in it from now on.") var use = false
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/workspaces", .object(["name": .string(name)])), as: Records.Workspace.self)
            let created = answer.value
            if use {
                try session.remember { profile in
                    profile.workspace = Profile.Remembered(id: created.id, name: created.name)
                    profile.project = nil
                }
            }
            try session.output.done("Created the workspace \(created.name).", json: answer.json, identifier: created.id)
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the workspaces that you are a member of.",
            discussion: "EXAMPLES:\n  weir workspace list\n  weir workspace list --all --name vis",
            aliases: ["ls"])

        @Flag(help: "All of the installation, with their balances; for the operator.") var all = false
        @Option(help: "A part of the name; with --all.") var name: String?
        @OptionGroup var global: GlobalOptions

        func validate() throws {
            if name != nil, !all { throw ValidationError("--name goes with --all.") }
        }

        func perform(in session: ClientSession) async throws {
            if all { return try await listAll(in: session) }
            let answer = try await session.api.list(.get("/api/v1/workspaces"), of: Records.Workspace.self)
            let table = Table(.text("NAME"), .text("ROLE"), .text("CREATED"), .text("ID"))
            try session.output.list(answer, table, identifier: \.id) {
                [
                    $0.name + ($0.id == session.profile.workspace?.id ? " *" : ""),
                    $0.state.flatMap { $0 == .open ? nil : $0.rawValue } ?? $0.role, $0.createdAt.short, $0.id,
                ]
            }
        }

        private func listAll(in session: ClientSession) async throws {
            let answer = try await session.api.list(
                .get("/api/v1/operator/workspaces", [("name", name)]), of: Records.StandingWorkspace.self)
            let table = Table(
                .text("NAME"), .number("MEMBERS"), .number("BALANCE"), .text("USED UP"), .text("CREATED"), .text("ID"))
            try session.output.list(answer, table, identifier: \.id) {
                [$0.name, "\($0.members)", "\($0.balance)", $0.usedUpSince?.short ?? "", $0.createdAt.short, $0.id]
            }
        }
    }

    struct Use: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Work in a workspace from now on.", discussion: "EXAMPLES:\n  weir workspace use vision")

        @Argument(help: "Name or id.") var workspace: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let all = try await session.api.list(.get("/api/v1/workspaces"), of: Records.Workspace.self).value
            guard let found = all.first(where: { $0.id == workspace || $0.name.sameName(as: workspace) }) else {
                throw WeirError.noneCalled("workspace", workspace)
            }
            try session.remember { profile in
                if profile.workspace?.id != found.id { profile.project = nil }
                profile.workspace = Profile.Remembered(id: found.id, name: found.name)
            }
            try session.output.done("Working in \(found.name).", identifier: found.id)
        }
    }

    struct Rename: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give a workspace another name.",
            discussion: "EXAMPLES:\n  weir workspace rename seeing -w vision")

        @Argument(help: "The new name.") var name: String
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.answer(
                .send(.patch, "/api/v1/workspaces/\(workspace.id)", .object(["name": .string(name)])))
            try session.output.done("Renamed.", json: answer, identifier: workspace.id)
        }
    }
}
