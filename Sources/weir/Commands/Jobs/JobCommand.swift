import ArgumentParser
import WeirModel

struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "Training jobs: run without anybody watching, and can be run again exactly.",
        subcommands: [
            Submit.self, WorkloadList<JobNoun>.self, WorkloadShow<JobNoun>.self, WorkloadLogs<JobNoun>.self, Wait.self,
            WorkloadStop<JobNoun>.self, Rerun.self, WorkloadExport<JobNoun>.self, WorkloadEdit<JobNoun>.self, WorkloadDelete<JobNoun>.self,
        ])

    struct Submit: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Submit a job; the code is frozen as it is now (TRN-01).",
            discussion: """
                The command runs in /gemini/code. A single word is a command line for the shell.

                EXAMPLES:
                  weir job submit train --dataset digits -- python train.py --epochs 20
                  weir job submit train --follow 'python prepare.py && python train.py'
                """)

        @Argument(help: "Its name.") var name: String
        @Argument(help: "The command.") var command: [String]
        @OptionGroup var made: WorkloadOptions
        @OptionGroup var mounts: MountOptions
        @OptionGroup var access: AccessOptions
        @Option(help: "End it after so long, as 12h; else what the flavor allows.") var timeLimit: BriefDuration?
        @Flag(help: "Return when it has ended.") var wait = false
        @Flag(name: [.customShort("f"), .long], help: "Show its log, and return when it has ended.") var follow = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            var body = try await made.members(name, choice, session)
            body.merge(try await mounts.members(choice, session)) { $1 }
            body.merge(access.members) { $1 }
            body["command"] = .string(try WorkloadRules.command(ShellCommand.line(command)))
            body["time_limit"] = timeLimit.map { .integer($0.seconds) }
            try await PriceNote.show(.job, project.id, body, session)
            let answer = try await session.api.answer(
                .create("/api/v1/projects/\(project.id)/jobs", .members(body)), as: Records.Workload.self)
            try await JobCommand.watch(answer, wait: wait, follow: follow, session)
        }
    }

    struct Wait: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Wait for a job's end; exit code 8 when it failed or was stopped.",
            discussion: "EXAMPLES:\n  weir job wait train && weir job export train --to-model digits-net")

        @Argument(help: "Name or id.") var name: String
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.job, name, in: choice)
            let answer = try await WorkloadWait.untilEnded(workload.id, session)
            try session.output.done(
                "\(workload.name) completed after \(Phrase.span(seconds: answer.value.runningSeconds)).",
                json: answer.json,
                identifier: workload.id)
        }
    }

    struct Rerun: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Run a job again exactly, as a new job: same frozen code, versions, image digest, flavor, command.",
            discussion: "EXAMPLES:\n  weir job rerun train --name train-again --follow")

        @Argument(help: "Name or id.") var job: String
        @Option(help: "Name of the new job; the old one with a number when left out.") var name: String?
        @Flag(help: "Return when it has ended.") var wait = false
        @Flag(name: [.customShort("f"), .long], help: "Show its log, and return when it has ended.") var follow = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.job, job, in: choice)
            let answer = try await session.api.answer(
                .create("/api/v1/workloads/\(workload.id)/rerun", .members(["name": name.map { .string($0) }])),
                as: Records.Workload.self)
            try await JobCommand.watch(answer, wait: wait, follow: follow, session)
        }
    }

    /// What submitting and running again do afterwards.
    private static func watch(
        _ created: Answer<Records.Workload>, wait: Bool, follow: Bool, _ session: ClientSession
    ) async throws {
        var answer = created
        let id = answer.value.id
        if follow {
            try await LogReader(workload: id, instance: nil, times: false, session: session).follow(from: 0)
        }
        if wait || follow { answer = try await WorkloadWait.untilEnded(id, session) }
        let ran = answer.value.state == .completed ? " after \(Phrase.span(seconds: answer.value.runningSeconds))" : ""
        try session.output.done(
            "\(answer.value.name) is \(answer.value.state.rawValue)\(ran).", json: answer.json, identifier: id)
    }
}
