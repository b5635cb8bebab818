import ArgumentParser
import WeirModel

/// Credentials for files that are too large for the browser (DAT-07, SSH-09, STO-06).
struct SFTPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sftp", abstract: "How to reach a draft, a project's code or your netdisk by SFTP (SSH-09).",
        subcommands: [Draft<DatasetNoun>.self, Draft<ModelNoun>.self, Code.self, Netdisk.self])

    struct Draft<Noun: AssetNoun>: ClientCommand {
        static var configuration: CommandConfiguration {
            CommandConfiguration(
                commandName: Noun.word, abstract: "The draft of a \(Noun.word), until it is confirmed.",
                discussion: """
                    EXAMPLES:
                      weir ssh sftp \(Noun.word) digits
                      weir ssh sftp \(Noun.word) digits --make-token
                    """)
        }

        @Argument(help: "Name or id.") var name: String
        @Flag(help: "Make a secret that ends when the draft is confirmed, for who has no account.") var makeToken = false
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let asset = try await session.asset(Noun.kind, name, in: choice)
            let path = "/api/v1/assets/\(asset.id)/draft/sftp"
            if makeToken {
                let answer = try await session.api.answer(.send(.post, path), as: Records.SFTPToken.self)
                return try session.output.details(answer, identifier: \.secret) { made in
                    [
                        ("sftp", made.address.sftp), ("password", made.secret), ("until", made.expiresAt.short),
                        ("folder", made.address.folder),
                    ]
                }
            }
            try await SFTPCommand.show(path, session)
        }
    }

    struct Code: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "code", abstract: "The code of a project.", discussion: "EXAMPLES:\n  weir ssh sftp code")

        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            try await SFTPCommand.show("/api/v1/projects/\(project.id)/code/sftp", session)
        }
    }

    struct Netdisk: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "netdisk", abstract: "Your netdisk (STO-06).", discussion: "EXAMPLES:\n  weir ssh sftp netdisk")

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            try await SFTPCommand.show("/api/v1/workspaces/\(workspace.id)/netdisk/sftp", session)
        }
    }

    private static func show(_ path: String, _ session: ClientSession) async throws {
        let answer = try await session.api.answer(.get(path), as: Records.SSHAddress.self)
        try session.output.details(answer, identifier: \.sftp) { lines in
            [
                ("sftp", lines.sftp), ("scp", lines.scp), ("git", lines.git), ("folder", lines.folder),
                ("~/.ssh/config", lines.config),
            ]
        }
    }
}
