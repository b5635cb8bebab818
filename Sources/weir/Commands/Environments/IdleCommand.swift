import ArgumentParser
import WeirModel

struct IdleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle", abstract: "When environments that nobody uses are stopped, and what that saved (X18).",
        subcommands: [Show.self, Set.self, Saved.self], defaultSubcommand: Show.self)

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show the policy of a workspace.", discussion: "EXAMPLES:\n  weir idle show")

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.answer(
                .get("/api/v1/workspaces/\(workspace.id)/idle-policy"), as: Records.IdlePolicy.self)
            try session.output.done(answer.value.sentence[session.output.language], json: answer.json, identifier: workspace.id)
        }
    }

    struct Set: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Set after how long an idle environment is stopped (administrators).",
            discussion: """
                An environment is idle while it uses no more than --cpu cores and its accelerators next to nothing. Its people are warned
                before; what `weir env on-idle` has set is run in it then.

                EXAMPLES:
                  weir idle set --after 2h
                  weir idle set --after 30m --warning 5m --exempt-account acc_01k8x2m4d5e6f7g8h9jkmnpqrs
                  weir idle set --never

                Who is exempt stays so until others are named, or --exempt-nobody is said.
                """)

        @Option(help: "As 30m or 2h.") var after: BriefDuration?
        @Flag(help: "Stop none.") var never = false
        @Option(help: "Cores, as 0.05.") var cpu: Double?
        @Option(help: "Percent of an accelerator.") var gpuPercent: Int?
        @Option(help: "How long before the stop they are warned, as 5m.") var warning: BriefDuration?
        @Option(help: "Id of an environment that is left alone; may be repeated.") var exemptWorkload: [String] = []
        @Option(help: "Id of a person whose environments are left alone; may be repeated.") var exemptAccount: [String] = []
        @Flag(help: "No environment is left alone any more.") var exemptNobody = false
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func validate() throws {
            guard never != (after != nil) else { throw ValidationError("Say --after or --never.") }
            guard !exemptNobody || (exemptWorkload.isEmpty && exemptAccount.isEmpty) else {
                throw ValidationError("Say --exempt-nobody, or who is exempt.")
            }
        }

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let before = try await session.api.answer(
                .get("/api/v1/workspaces/\(workspace.id)/idle-policy"), as: Records.IdlePolicy.self
            ).value
            let workloads = exemptWorkload.isEmpty && !exemptNobody ? before.exemptWorkloads : exemptWorkload
            let accounts = exemptAccount.isEmpty && !exemptNobody ? before.exemptAccounts : exemptAccount
            let answer = try await session.api.answer(
                .send(
                    .put, "/api/v1/workspaces/\(workspace.id)/idle-policy",
                    .members([
                        "after": after.map { .integer($0.seconds) } ?? .null, "cpu": cpu.map { .integer(Int64($0 * 1000)) },
                        "gpu_percent": gpuPercent.map { .integer(Int64($0)) }, "warning": warning.map { .integer($0.seconds) },
                        "exempt_workloads": .array(workloads.map { .string($0) }),
                        "exempt_accounts": .array(accounts.map { .string($0) }),
                    ])), as: Records.IdlePolicy.self)
            try session.output.done(answer.value.sentence[session.output.language], json: answer.json, identifier: workspace.id)
        }
    }

    struct Saved: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "saved", abstract: "List environments that were stopped for idleness, and what that saved.",
            discussion: "EXAMPLES:\n  weir idle saved")

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.answer(
                .get("/api/v1/workspaces/\(workspace.id)/idle-stops"), as: Records.IdleStops.self)
            let items = Answer(answer.value.items, json: answer.json)
            let table = Table(.text("NAME"), .number("RUN"), .text("STOPPED"), .text("IDLE SINCE"), .number("SAVED"))
            try session.output.list(items, table, identifier: \.workload) { stop in
                [stop.name, "\(stop.run)", stop.at.short, stop.idleSince.short, stop.saved ?? ""]
            }
            session.output.closing("\(answer.value.saved ?? "0") points saved in the last 30 days.")
        }
    }
}
