import ArgumentParser
import Foundation
import WeirModel

struct EnvironmentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "env", abstract: "Development environments: JupyterLab, a terminal, TensorBoard.",
        subcommands: [
            Create.self, WorkloadList<EnvironmentNoun>.self, WorkloadShow<EnvironmentNoun>.self,
            WorkloadStart<EnvironmentNoun>.self, WorkloadStop<EnvironmentNoun>.self, WorkloadRestart<EnvironmentNoun>.self, Enter.self,
            WorkloadSwitchFlavor<EnvironmentNoun>.self, Edit.self, AutoStop.self, OnIdle.self, Processes.self,
            Kill.self, Mounts.self,
            WorkloadLogs<EnvironmentNoun>.self,
            WorkloadExport<EnvironmentNoun>.self,
            WorkloadDelete<EnvironmentNoun>.self,
        ], aliases: ["environment"])

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create an environment and start it (DEV-01).",
            discussion: """
                EXAMPLES:
                  weir env create lab --flavor cpu-medium --dataset digits --wait
                  weir env create lab --auto-stop 4h --dataset digits@2 --model digits-net
                  weir env create team-lab --shared
                """)

        @Argument(help: "Its name.") var name: String
        @OptionGroup var made: WorkloadOptions
        @OptionGroup var mounts: MountOptions
        @OptionGroup var access: AccessOptions
        @Flag(help: "Let the workspace read the log of one that is yours alone.") var openLog = false
        @Option(help: "Run this inside when its people are warned that nobody uses it (X18).") var onIdle: String?
        @Option(help: "The tool that `enter` opens; the first of the image when left out.") var tool: String?
        @Option(help: "Stop by itself after so long, as 4h (DEV-24); else what the flavor allows.") var autoStop: BriefDuration?
        @Flag(help: "Return when it runs.") var wait = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            var body = try await made.members(name, choice, session)
            body.merge(try await mounts.members(choice, session)) { $1 }
            body.merge(access.members) { $1 }
            if openLog { body["open_log"] = .bool(true) }
            body["on_idle"] = onIdle.map { .string($0) }
            body["tool"] = tool.map { .string($0) }
            body["auto_stop"] = autoStop.map { .integer($0.seconds) }
            try await PriceNote.show(.environment, project.id, body, session)
            var answer = try await session.api.answer(
                .create("/api/v1/projects/\(project.id)/environments", .members(body)), as: Records.Workload.self)
            if autoStop == nil && answer.value.remainingSeconds == nil {
                session.output.note("It runs, and is charged, until you stop it: `weir env stop \(name)`.")
            }
            if wait { answer = try await WorkloadWait.untilRunning(answer.value.id, session) }
            try session.output.done(
                "\(answer.value.name) is \(answer.value.state.rawValue).", json: answer.json,
                identifier: answer.value.id)
        }
    }

    struct Edit: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change the name, the description, or who reads the log (DEV-19).",
            discussion: "EXAMPLES:\n  weir env edit lab --name other --description 'What it is for'\n  weir env edit lab --no-open-log")

        @Argument(help: "Name or id.") var name: String
        @Option(name: .customLong("name"), help: "The new name.") var newName: String?
        @Option(help: "The new description.") var description: String?
        @Flag(inversion: .prefixedNo, help: "Whether the workspace reads the log of one that is yours alone.") var openLog: Bool?
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.environment, name, in: choice)
            let body = JSONValue.members([
                "name": newName.map { .string($0) }, "description": description.map { .string($0) },
                "open_log": openLog.map { .bool($0) },
            ])
            let answer = try await session.api.answer(.send(.patch, "/api/v1/workloads/\(workload.id)", body))
            try session.output.done("Changed.", json: answer, identifier: workload.id)
        }
    }

    struct AutoStop: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "auto-stop",
            abstract: "Set when a timer stops an environment: from now while it runs, and for the next starts (DEV-24).",
            discussion: "EXAMPLES:\n  weir env auto-stop lab 2h\n  weir env auto-stop lab never")

        @Argument(help: "Name or id.") var name: String
        @Argument(help: "How long, as 90m or 8h; never for no timer.") var time: String
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.environment, name, in: choice)
            guard let seconds = time == "never" ? 0 : BriefDuration(argument: time)?.seconds else {
                throw ValidationError("\(time) is no time, as 90m or 8h.")
            }
            let answer = try await session.api.answer(
                .send(.patch, "/api/v1/workloads/\(workload.id)", .object(["auto_stop": .integer(seconds)])), as: Records.Workload.self)
            let left = answer.value.remainingSeconds.map { "is stopped in \(Phrase.span(seconds: $0))" } ?? "has no timer that runs"
            try session.output.done("\(workload.name) \(left).", json: answer.json, identifier: workload.id)
        }
    }

    struct OnIdle: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "on-idle", abstract: "Set what an environment runs when its people are warned that nobody uses it (X18).",
            discussion: "EXAMPLES:\n  weir env on-idle lab 'cp /scratch/model.pt /home/user/'\n  weir env on-idle lab ''")

        @Argument(help: "Name or id.") var name: String
        @Argument(help: "A command for the shell inside it; empty for none.") var command: String
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.environment, name, in: choice)
            let body: JSONValue = .object(["on_idle": .string(command)])
            let answer = try await session.api.answer(.send(.patch, "/api/v1/workloads/\(workload.id)", body))
            try session.output.done(
                command.isEmpty ? "\(workload.name) runs nothing then." : "\(workload.name) runs it then.", json: answer,
                identifier: workload.id)
        }
    }

    struct Enter: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print an address that opens a tool in a browser (DEV-28).",
            discussion: """
                The address is good once and for a short time.

                EXAMPLES:
                  weir env enter lab
                  weir env enter lab --tool terminal
                  weir env enter lab --tool tensorboard --open
                """)

        @Argument(help: "Name or id.") var name: String
        @Option(help: "jupyterlab, terminal, or tensorboard on /gemini/output.") var tool: String?
        @Option(help: "Where in the tool to begin.") var path: String?
        @Flag(help: "Open it in the browser of this machine.") var open = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.environment, name, in: choice)
            try await Entrance.enter(workload.id, tool: tool, path: path, open: open, session)
        }
    }

    struct Processes: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the processes in an environment, to find orphans (DEV-11).",
            discussion: "EXAMPLES:\n  weir env processes lab", aliases: ["ps"])

        @Argument(help: "Name or id.") var name: String
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.environment, name, in: choice)
            let answer = try await session.api.list(
                .get("/api/v1/workloads/\(workload.id)/processes"), of: Records.Process.self)
            let table = Table(.number("PID"), .number("PARENT"), .number("MEMORY"), .number("AGE"), .text("COMMAND"))
            try session.output.list(answer, table, identifier: { "\($0.pid)" }) {
                [
                    "\($0.pid)", "\($0.parent)", Phrase.size($0.memory), Phrase.span(seconds: $0.elapsedSeconds),
                    String($0.command.prefix(100)),
                ]
            }
        }
    }

    struct Kill: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a process in an environment (DEV-11).", discussion: "EXAMPLES:\n  weir env kill lab 4711")

        @Argument(help: "Name or id.") var name: String
        @Argument(help: "The process, by its number in `weir env processes`.") var pid: Int
        @Flag(help: "At once, without letting it save anything (SIGKILL).") var force = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.environment, name, in: choice)
            let body: JSONValue = .object(["pid": .integer(Int64(pid)), "force": .bool(force)])
            _ = try await session.api.answer(.send(.post, "/api/v1/workloads/\(workload.id)/processes/kill", body))
            try session.output.done("Ended.")
        }
    }
}

/// The way from a workload to a browser.
enum Entrance {
    static func enter(_ workload: String, tool: String?, path: String?, open: Bool, _ session: ClientSession)
        async throws
    {
        let body = JSONValue.members(["tool": tool.map { .string($0) }, "path": path.map { .string($0) }])
        let answer = try await session.api.answer(
            .send(.post, "/api/v1/workloads/\(workload)/enter", body), as: Records.Entry.self)
        if open,
            let program = ["/usr/bin/xdg-open", "/usr/bin/open"].first(
                where: FileManager.default.isExecutableFile(atPath:))
        {
            let process = Process()
            process.executableURL = URL(filePath: program)
            process.arguments = [answer.value.url]
            try process.run()
        }
        try session.output.done(answer.value.url, json: answer.json, identifier: answer.value.url)
    }
}
