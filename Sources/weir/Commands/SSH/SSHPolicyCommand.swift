import ArgumentParser
import WeirModel

struct SSHPolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "What a workspace lets in over SSH, and where its clients may forward to (SSH-01, DEV-13).",
        subcommands: [Show.self, Set.self], defaultSubcommand: Show.self)

    static func details(_ policy: Records.SSHPolicy) -> [(name: String, value: String?)] {
        [("environments", policy.environments ? "on" : "off"), ("forwarding", policy.forwarding)]
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show the policy of a workspace.", discussion: "EXAMPLES:\n  weir ssh policy show")

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.answer(
                .get("/api/v1/workspaces/\(workspace.id)/ssh-policy"), as: Records.SSHPolicy.self)
            try session.output.details(answer, identifier: { $0.forwarding }, SSHPolicyCommand.details)
        }
    }

    struct Set: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Change it (administrators); it holds at once, and within five seconds for what is open.",
            discussion: """
                Folders by SFTP and git are another way, and stay open. What is not said stays as it is.

                EXAMPLES:
                  weir ssh policy set --off
                  weir ssh policy set --on --forwarding own
                """)

        @Flag(help: "Environments can be entered by SSH.") var on = false
        @Flag(help: "No environment can be entered by SSH.") var off = false
        @Option(help: "off, own (ports of the environment itself), or workspace (other instances as well).") var forwarding: Forwarding?
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        enum Forwarding: String, ExpressibleByArgument, CaseIterable, Sendable {
            case off, own, workspace
        }

        func validate() throws {
            guard !(on && off) else { throw ValidationError("Say --on or --off.") }
        }

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let path = "/api/v1/workspaces/\(workspace.id)/ssh-policy"
            let before = try await session.api.answer(.get(path), as: Records.SSHPolicy.self).value
            let body: JSONValue = .object([
                "environments": .bool(on || (!off && before.environments)),
                "forwarding": .string(forwarding?.rawValue ?? before.forwarding),
            ])
            let answer = try await session.api.answer(.send(.put, path, body), as: Records.SSHPolicy.self)
            try session.output.details(answer, identifier: { $0.forwarding }, SSHPolicyCommand.details)
        }
    }
}
