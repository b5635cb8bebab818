import ArgumentParser
import WeirModel

/// What the operator does over all workspaces that nobody else may.
struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator", abstract: "What the operator does over all workspaces: sees and stops what runs, and never enters it.",
        subcommands: [Workloads.self, Show.self, Stop.self, Unpaid.self, DeleteUnpaid.self])

    struct Workloads: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what waits, runs or ends, or what is in one state.",
            discussion: """
                EXAMPLES:
                  weir operator workloads
                  weir operator workloads --person ada --kind environment
                  weir operator workloads --state failed -w vision --sort oldest
                """)

        @Option(help: "Only those in this state.") var state: String?
        @Option(help: "Only these: environment, job, service or board.") var kind: String?
        @Option(help: "Only what was made by whoever has this login.") var person: String?
        @Option(help: "Only those with this in their name.") var name: String?
        @Option(help: "In which order: newest, oldest or name.") var sort: String?
        @Option(help: "How many at most.") var limit = 50
        /// All of them unless one is named.
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let only = choice.workspace == nil ? nil : try await session.workspace(choice).id
            let call = APICall.get(
                "/api/v1/operator/workloads",
                [("state", state), ("kind", kind), ("login", person), ("name", name), ("workspace", only), ("sort", sort)])
            let answer = try await session.api.list(call, of: Records.StandingWorkload.self, most: max(1, limit))
            let table = Table(
                .text("NAME"), .text("KIND"), .text("WORKSPACE"), .text("BY"), .text("STATE"), .text("FLAVOR"), .text("SINCE"),
                .number("COST"), .text("ID"))
            try session.output.list(answer, table, identifier: \.id) {
                [
                    $0.name, $0.kind.rawValue, $0.workspace.name, $0.createdBy.login, $0.state.rawValue, $0.flavor,
                    ($0.runningSince ?? $0.stateSince).short, $0.cost ?? "", $0.id,
                ]
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one with its changes of state.", discussion: "EXAMPLES:\n  weir operator show wld_01k8x2m4d5e6f7g8h9jkmnpqrs")

        @Argument(help: "Its id.") var workload: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.answer(
                .get("/api/v1/operator/workloads/\(workload)"), as: Records.StandingWorkload.self)
            try session.output.details(answer, identifier: \.id) { shown in
                [
                    ("name", shown.name), ("id", shown.id), ("kind", shown.kind.rawValue), ("workspace", shown.workspace.name),
                    ("made", "\(shown.createdAt.short) by \(shown.createdBy.login)"),
                    ("state", "\(shown.state.rawValue) since \(shown.stateSince.short)"), ("flavor", shown.flavor),
                    ("cost", shown.cost.map { "\($0) points" }),
                    (
                        "history",
                        (shown.history ?? []).map { change in
                            "\(change.at.short)  \(change.state.rawValue)  \(change.causeText ?? change.cause)"
                                + (change.reason.map { ": \($0)" } ?? "")
                        }.joined(separator: "\n")
                    ),
                ]
            }
        }
    }

    struct Stop: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop one; its people are told why.",
            discussion: "EXAMPLES:\n  weir operator stop wld_01k8x2m4d5e6f7g8h9jkmnpqrs --reason maintenance")

        @Argument(help: "Its id.") var workload: String
        @Option(help: "What its people are told.") var reason: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/operator/workloads/\(workload)/stop", .object(["reason": .string(reason)])),
                as: Records.StandingWorkload.self)
            try session.output.done(
                "\(answer.value.name) of \(answer.value.createdBy.login): \(answer.value.state.rawValue).", json: answer.json,
                identifier: answer.value.id)
        }
    }

    struct Unpaid: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the homes and netdisks that no workspace pays for.", discussion: "EXAMPLES:\n  weir operator unpaid")

        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.list(.get("/api/v1/operator/unpaid-storage"), of: Records.UnpaidStorage.self)
            let table = Table(.text("LOGIN"), .number("HELD"), .text("SINCE"), .text("KEPT UNTIL"), .text("ID"))
            try session.output.list(answer, table, identifier: \.account.id) {
                [$0.account.login, Phrase.size($0.held), $0.since.short, $0.deletableAt.short, $0.account.id]
            }
        }
    }

    struct DeleteUnpaid: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete a home and a netdisk that nobody has paid for through their grace time.",
            discussion: "EXAMPLES:\n  weir operator delete-unpaid ada --yes")

        @Argument(help: "Login or id.") var person: String
        @Flag(name: .shortAndLong, help: "Ask nothing.") var yes = false
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let id = try await AccountCommand.find(person, session.api)
            try Prompt.confirm("Delete the home and the netdisk of \(person) for good?", yes: yes)
            _ = try await session.api.answer(.delete("/api/v1/operator/unpaid-storage/\(id)"))
            try session.output.done("Deleted.", identifier: id)
        }
    }
}
