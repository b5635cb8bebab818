import ArgumentParser
import WeirModel

/// How a workspace ends, and what stays of those who left it.
enum ClosingCommand {
    struct Close: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "close", abstract: "Close a workspace: what runs is stopped now, its data is deleted after the grace time.",
            discussion: """
                Until then an owner can take it back with `weir workspace reopen`, and everybody can fetch their data. Ledger and bills stay. \
                Without --yes the name is asked for once more.

                EXAMPLES:
                  weir workspace close -w vision
                  weir workspace close -w vision --yes
                """)

        @Flag(name: .shortAndLong, help: "Ask nothing.") var yes = false
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let path = "/api/v1/workspaces/\(try await session.workspace(choice).id)"
            let closing = try await session.api.answer(.get(path + "/closing"), as: Records.Closing.self).value
            var name = closing.name
            if !yes {
                guard Prompt.isPossible else { throw WeirError.notConfirmed() }
                let kinds = closing.deletes.byKind.filter { $0.value > 0 }.sorted { $0.key < $1.key }
                Output.warn(
                    "Deleted with it: \(closing.deletes.projects) projects, \(closing.deletes.datasets) datasets, \(closing.deletes.models) models"
                        + kinds.map { "; \($0.key) \(Phrase.size($0.value))" }.joined() + ". \(closing.live) workloads are stopped now.")
                name = try Prompt.line("Type the name of the workspace to close it")
            }
            let answer = try await session.api.answer(.send(.delete, path, .object(["name": .string(name)])), as: Records.Workspace.self)
            try session.output.done(
                "\(answer.value.name) is being closed; until \(answer.value.closingDue?.short ?? "") that can be taken back.",
                json: answer.json, identifier: answer.value.id)
        }
    }

    struct Reopen: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "reopen", abstract: "Take the closing of a workspace back.",
            discussion: "EXAMPLES:\n  weir workspace reopen -w vision")

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let path = "/api/v1/workspaces/\(try await session.workspace(choice).id)/reopen"
            let answer = try await session.api.answer(.send(.post, path), as: Records.Workspace.self)
            try session.output.done(
                "\(answer.value.name) is \(answer.value.state?.rawValue ?? "open").", json: answer.json, identifier: answer.value.id)
        }
    }

    struct LeftBehind: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "left-behind", abstract: "List who left, and when what they kept to themselves goes to an owner; for owners.",
            discussion: "EXAMPLES:\n  weir workspace left-behind -w vision")

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let path = "/api/v1/workspaces/\(try await session.workspace(choice).id)/left-behind"
            let answer = try await session.api.list(.get(path), of: Records.LeftBehind.self)
            let table = Table(
                .text("LOGIN"), .text("AWAY SINCE"), .text("THINGS"), .number("HOME AND NETDISK"), .text("ENVIRONMENTS"), .text("GOES TO"))
            try session.output.list(answer, table, identifier: \.account.id) { left in
                [
                    left.account.login, left.leftAt.short, left.things.map { "\($0.kind) \(Phrase.size($0.size))" }.joined(separator: ", "),
                    Phrase.size(left.personal), left.environments.map(\.name).joined(separator: ", "),
                    left.handedTo.map { "\($0), since \(left.handedAt?.short ?? "")" } ?? "an owner on \(left.dueAt.short)",
                ]
            }
        }
    }
}
