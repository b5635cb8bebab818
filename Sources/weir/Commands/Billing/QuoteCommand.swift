import ArgumentParser
import WeirModel

struct QuoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quote", abstract: "What something would cost, before it is submitted.",
        subcommands: [Job.self, Env.self, Service.self, Board.self])

    struct Job: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a job would cost (BIL-23).",
            discussion: "EXAMPLES:\n  weir quote job --flavor cpu-large --time-limit 12h")

        @Option(help: "Flavor; the first of `weir flavor list` when left out.") var flavor: String?
        @Option(help: "End it after so long, as 12h; else what the flavor allows.") var timeLimit: BriefDuration?
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            try await QuoteCommand.show(
                .job, flavor, ["command": "true", "time_limit": timeLimit.map { .integer($0.seconds) }], choice, session)
        }
    }

    struct Env: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "What an environment would cost (BIL-23, BIL-29).",
            discussion: "EXAMPLES:\n  weir quote env --flavor cpu-medium --auto-stop 4h", aliases: ["environment"])

        @Option(help: "Flavor; the first of `weir flavor list` when left out.") var flavor: String?
        @Option(help: "Stop by itself after so long, as 4h; else what the flavor allows.") var autoStop: BriefDuration?
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            try await QuoteCommand.show(
                .environment, flavor, ["auto_stop": autoStop.map { .integer($0.seconds) }], choice, session)
        }
    }

    struct Service: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a service would cost: each replica is charged (BIL-10).",
            discussion: "EXAMPLES:\n  weir quote service --flavor cpu-small --replicas 3")

        @Option(help: "Flavor; the first of `weir flavor list` when left out.") var flavor: String?
        @Option(help: "How many of it run.") var replicas: Int64 = 1
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            try await QuoteCommand.show(
                .service, flavor, ["command": "true", "port": 80, "replicas": .integer(replicas)], choice, session)
        }
    }

    struct Board: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a board would cost: CPU and memory alone (BIL-11).",
            discussion: "EXAMPLES:\n  weir quote board --flavor cpu-small")

        @Option(help: "Flavor; the first of `weir flavor list` when left out.") var flavor: String?
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            try await QuoteCommand.show(.board, flavor, [:], choice, session)
        }
    }

    /// The points that it would leave of the balance and of each budget.
    private static func left(_ leaves: Records.Quote.Leaves) -> String {
        let owners = ["workspace": "workspace's", "project": "project's", "account": "person's"]
        let budgets = leaves.budgets.map { "\($0.leaves) of the \(owners[$0.scope] ?? $0.scope) budget" }
        return (["\(leaves.balance.leaves) of the balance"] + budgets).joined(separator: "\n")
    }

    private static func show(
        _ kind: WorkloadKind, _ chosen: String?, _ members: [String: JSONValue?], _ choice: ProjectOptions, _ session: ClientSession
    ) async throws {
        let project = try await session.project(choice)
        var flavor = chosen
        if flavor == nil {
            flavor = try await session.api.list(.get("/api/v1/flavors"), of: Records.Flavor.self).value.first?.name
        }
        var body = members
        body.merge(["name": "quote", "image": "quote", "flavor": flavor.map { .string($0) }]) { $1 }
        let answer = try await PriceNote.ask(kind, project.id, .members(body), session)
        try session.output.details(answer, identifier: \.perHour.description) { quote in
            [
                ("an hour", "\(quote.perHour) = \(quote.formula)"), ("a day", "\(quote.perDay)"),
                (
                    "the whole run",
                    quote.longest.map { "\($0.amount) for \(Phrase.span(seconds: $0.minutes * 60)) at most" }
                ), ("beware", quote.warning), ("balance", "\(quote.balance)"),
                ("would do for", quote.hours.map { Phrase.count($0, "hour") }),
                (quote.leaves.after == "run" ? "left after the run" : "left after a day", Self.left(quote.leaves)),
                ("refused now", quote.refusal.map { refusal in refusal.message + (refusal.remedy.map { "\n\($0)" } ?? "") }),
            ]
        }
    }
}
