import ArgumentParser
import WeirModel

struct MemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member", abstract: "Who is in a workspace, as what.",
        subcommands: [List.self, SetRole.self, Remove.self])

    enum Role: String, ExpressibleByArgument, CaseIterable, Sendable {
        case member, administrator, owner
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the members.",
            discussion: "EXAMPLES:\n  weir workspace member list\n  weir workspace member list --role owner", aliases: ["ls"])

        @Option(help: "Only those with this in their login or name.") var name: String?
        @Option(help: "Only those with this role.") var role: Role?
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let call = APICall.get(
                "/api/v1/workspaces/\(workspace.id)/members", [("name", name), ("role", role?.rawValue)])
            let answer = try await session.api.list(call, of: Records.Member.self)
            let table = Table(.text("LOGIN"), .text("NAME"), .text("ROLE"), .text("SINCE"))
            try session.output.list(answer, table, identifier: \.login) {
                [$0.login, $0.displayName, $0.role, $0.since.short]
            }
        }
    }

    struct SetRole: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Take somebody in, or give a member another role.",
            discussion: "EXAMPLES:\n  weir workspace member set ada --role administrator", aliases: ["add"])

        @Argument(help: "Login name.") var login: String
        @Option(help: "What the person may do.") var role: Role = .member
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let path = "/api/v1/workspaces/\(workspace.id)/members/\(login.percentEncoded)"
            let answer = try await session.api.answer(.send(.put, path, .object(["role": .string(role.rawValue)])))
            try session.output.done(
                "\(login) is \(role.rawValue) of \(workspace.name).", json: answer, identifier: login)
        }
    }

    struct Remove: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take somebody out, or leave.", discussion: "EXAMPLES:\n  weir workspace member remove ada",
            aliases: ["rm"])

        @Argument(help: "Login name.") var login: String
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            _ = try await session.api.answer(
                .delete("/api/v1/workspaces/\(workspace.id)/members/\(login.percentEncoded)"))
            try session.output.done("\(login) is no member of \(workspace.name) any more.", identifier: login)
        }
    }
}
