import ArgumentParser
import WeirModel

struct EventsCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show every change of a workload's state, and every notice about money, as it happens.",
        discussion: "EXAMPLES:\n  weir events\n  weir events --after 0 --json")

    @Option(help: "Begin after this sequence; what comes next when left out.") var after: Int?
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workspace = try await session.workspace(choice)
        let api = try session.api
        let call = APICall.get("/api/v1/workspaces/\(workspace.id)/events", [("after", after.map { "\($0)" })])
        try await api.follow(call) { event in
            guard event.name == "transition" || event.name == "notice" else { return true }
            if session.output.json {
                try Output.line(event.data)
            } else if event.name == "notice" {
                if let notice = APIClient.decode(event, as: Records.Notice.self) {
                    try Output.line("\(notice.at.short)  ¥  \(notice.code)  \(notice.text)")
                }
            } else if let change = APIClient.decode(event, as: Records.Transition.self) {
                let before = change.before.map { "\($0.rawValue) → " } ?? ""
                try Output.line(
                    "\(change.at.short)  \(change.workload)  \(before)\(change.state.rawValue)  \(change.causeText ?? change.cause)  "
                        + (change.actor?.login ?? "weir") + (change.failure.map { "  \($0.message)" } ?? ""))
            }
            return true
        }
    }
}
