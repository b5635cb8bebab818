import ArgumentParser
import WeirModel

struct SpendingCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "spending", abstract: "Show the cost of a month by day, project or person; running work is in it.",
        discussion: """
            A member sees only themselves among the people.

            EXAMPLES:
              weir spending
              weir spending --month 2026-11 --by project
              weir spending --by person --json
            """)

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case project, person
    }

    @Option(help: "By project or person; by day when left out.") var by: Part?
    @Option(help: "As 2026-11; this month when left out.") var month: MonthArgument?
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workspace = try await session.workspace(choice)
        let answer = try await session.api.answer(
            .get("/api/v1/workspaces/\(workspace.id)/spending", [("month", month?.month.description), ("by", by?.rawValue)]),
            as: Records.Spending.self)
        let spending = answer.value
        let table = Table(.text(by == nil ? "DAY" : "OF"), .number("POINTS"))
        try session.output.list(
            Answer(by == nil ? spending.byDay : spending.bySubject, json: answer.json), table, identifier: \.title
        ) { [$0.title, $0.amount.description] }
        let running = spending.running > 0 ? ", \(spending.running) of them not on a bill yet" : ""
        session.output.closing("\(spending.month): \(spending.total) points\(running).")
    }
}

extension Records.Spending {
    struct Row: Equatable {
        let title: String
        let amount: Points
    }

    /// A month by its days has one series, or none where nothing was spent.
    var byDay: [Row] {
        zip(days, series.first?.amounts ?? Array(repeating: 0, count: days.count)).map { Row(title: $0, amount: $1) }
    }

    var bySubject: [Row] {
        series.map { Row(title: $0.subject.map { names[$0] ?? $0 } ?? "(nobody's)", amount: $0.total) }
    }
}
