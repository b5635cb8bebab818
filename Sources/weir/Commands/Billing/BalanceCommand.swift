import ArgumentParser
import WeirModel

struct BalanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "balance", abstract: "The balance, how long it lasts, and when to be warned.",
        subcommands: [Show.self, Warn.self], defaultSubcommand: Show.self)

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the balance and what this month will come to (BIL-01, BIL-29).",
            discussion: "EXAMPLES:\n  weir balance\n  weir balance show -w vision --json")

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.answer(
                .get("/api/v1/workspaces/\(workspace.id)/balance"), as: Records.Balance.self)
            try session.output.details(answer, identifier: \.balance.description) { balance in
                [
                    ("balance", "\(balance.balance) points"), ("running", "\(balance.perHour) points an hour"),
                    ("lasts for", balance.hoursLeft.map { Phrase.count($0, "hour") }),
                    ("used up since", balance.usedUpSince?.short),
                    ("what runs stops at", balance.stopsAt?.short), ("charged in \(balance.month)", "\(balance.charged)"),
                    ("forecast", "\(balance.forecast)"),
                ]
            }
        }
    }

    struct Warn: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Be warned at amounts and remaining hours, for an administrator; shows them when none is given.",
            discussion: "EXAMPLES:\n  weir balance warn\n  weir balance warn --amount 100 --amount 20 --hours 24")

        @Option(name: .customLong("amount"), help: "Points that are left; can be given again.") var amounts: [AmountArgument] = []
        @Option(help: "Hours that it lasts for; can be given again.") var hours: [Int64] = []
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let path = "/api/v1/workspaces/\(try await session.workspace(choice).id)/balance/warnings"
            let body: JSONValue = .object([
                "amounts": .array(amounts.map(\.json)), "hours": .array(hours.map { .integer($0) }),
            ])
            let call = amounts.isEmpty && hours.isEmpty ? APICall.get(path) : try .send(.put, path, body)
            let answer = try await session.api.answer(call, as: Records.BalanceWarnings.self)
            try session.output.details(answer, identifier: { "\($0.hours)" }) { warnings in
                [
                    ("amounts", warnings.amounts.map(\.description).joined(separator: ", ")),
                    ("hours", warnings.hours.map(String.init).joined(separator: ", ")),
                ]
            }
        }
    }
}

/// An amount as people type it: `100`, `0.5`.
struct AmountArgument: ExpressibleByArgument, Sendable {
    let points: Points

    init?(argument: String) {
        guard let points = Points(argument) else { return nil }
        self.points = points
    }

    var json: JSONValue { .string(points.description) }
}

/// A month as `2026-11`.
struct MonthArgument: ExpressibleByArgument, Sendable {
    let month: BillMonth

    init?(argument: String) {
        guard let month = BillMonth(argument) else { return nil }
        self.month = month
    }
}
