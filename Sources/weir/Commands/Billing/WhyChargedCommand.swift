import ArgumentParser
import WeirModel

struct WhyChargedCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "why-charged", abstract: "What is behind an amount, the most expensive first (BIL-27).",
        discussion: """
            Names the usual causes: a forgotten environment, no auto-stop, a service that nobody calls, processes that were left
            behind in an environment (orphans), storage above the free amount; and what runs now and is not charged yet.

            EXAMPLES:
              weir why-charged
              weir why-charged 2026-11 --kind environment
              weir why-charged --entry 4711
            """)

    @Argument(help: "As 2026-11; this month when left out.") var month: MonthArgument?
    @Option(help: "The line of the bill around this entry of `weir ledger list`.") var entry: Int64?
    @Option(help: "Only environment, job, service, board or storage.") var kind: String?
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workspace = try await session.workspace(choice)
        let answer = try await session.api.answer(
            .get(
                "/api/v1/workspaces/\(workspace.id)/why-charged",
                [("month", month?.month.description), ("entry", entry.map(String.init)), ("kind", kind)]),
            as: Records.WhyCharged.self)
        let items = Answer(answer.value.items, json: answer.json)
        let table = Table(.number("POINTS"), .text("WHAT"), .text("KIND"), .text("BY"), .number("MINUTES"), .text("WHY"))
        try session.output.list(items, table, identifier: { "\($0.firstEntry)" }) { line in
            [
                line.amount.description, line.title, line.kind, line.account?.login ?? "", line.minutes.map(String.init) ?? "",
                (line.causes ?? []).map(\.text).joined(separator: " "),
            ]
        }
        for run in answer.value.running {
            session.output.note(
                (["\(run.name) runs since \(run.since.short): \(run.toCharge) points not charged yet."] + run.causes.map(\.text))
                    .joined(separator: " "))
        }
        let rest = answer.value.rest > 0 ? ", \(answer.value.rest) of them not shown" : ""
        session.output.closing("\(answer.value.month): \(answer.value.total) points\(rest).")
    }
}
