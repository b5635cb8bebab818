import ArgumentParser
import WeirModel

struct NoticesCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "notices", abstract: "What a workspace was told about its money, the newest first.",
        discussion: "EXAMPLES:\n  weir notices\n  weir notices --limit 5 --lang zh")

    @Option(help: "How many at most.") var limit = 50
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workspace = try await session.workspace(choice)
        let answer = try await session.api.list(
            .get("/api/v1/workspaces/\(workspace.id)/notices"), of: Records.Notice.self, most: limit)
        try session.output.list(answer, Table(.text("AT"), .text("WHAT"), .text("TEXT")), identifier: { "\($0.sequence)" }) {
            [$0.at.short, $0.code, $0.text]
        }
    }
}
