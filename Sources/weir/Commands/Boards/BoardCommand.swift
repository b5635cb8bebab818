import ArgumentParser
import WeirModel

struct BoardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "board", abstract: "TensorBoard on a project's output.",
        subcommands: [
            Create.self, WorkloadList<BoardNoun>.self, WorkloadShow<BoardNoun>.self, Enter.self,
            WorkloadLogs<BoardNoun>.self,
            WorkloadSwitchFlavor<BoardNoun>.self, WorkloadEdit<BoardNoun>.self, WorkloadStart<BoardNoun>.self, WorkloadStop<BoardNoun>.self,
            WorkloadRestart<BoardNoun>.self, WorkloadDelete<BoardNoun>.self,
        ])

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Start TensorBoard on a folder of the output (DEV-05, DEV-31).",
            discussion: """
                What a job wrote is `jobs/` and its id, as `weir job list` shows it.

                EXAMPLES:
                  weir board create curves --wait
                  weir board create curves --path jobs/wld_01m8mxjxg4hgxpyy2f99tdev7z --wait
                """)

        @Argument(help: "Its name.") var name: String
        @Option(help: "Folder below /gemini/output; all of it when left out.") var path = ""
        @OptionGroup var made: WorkloadOptions
        @Flag(help: "Return when it runs.") var wait = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            var body = try await made.members(name, choice, session)
            body["path"] = .string(path)
            try await PriceNote.show(.board, project.id, body, session)
            var answer = try await session.api.answer(
                .create("/api/v1/projects/\(project.id)/boards", .members(body)), as: Records.Workload.self)
            if wait { answer = try await WorkloadWait.untilRunning(answer.value.id, session) }
            try session.output.done(
                "\(answer.value.name) is \(answer.value.state.rawValue).", json: answer.json,
                identifier: answer.value.id)
        }
    }

    struct Enter: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print an address that opens the board in a browser.",
            discussion: "EXAMPLES:\n  weir board enter curves --open")

        @Argument(help: "Name or id.") var name: String
        @Flag(help: "Open it in the browser of this machine.") var open = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.board, name, in: choice)
            try await Entrance.enter(workload.id, tool: nil, path: nil, open: open, session)
        }
    }
}
