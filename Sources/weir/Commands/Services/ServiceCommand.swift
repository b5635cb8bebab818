import ArgumentParser
import WeirModel

struct ServiceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "service", abstract: "Inference services: replicas behind an address.",
        subcommands: [
            Create.self, WorkloadList<ServiceNoun>.self, WorkloadShow<ServiceNoun>.self, WorkloadLogs<ServiceNoun>.self,
            WorkloadStart<ServiceNoun>.self, WorkloadStop<ServiceNoun>.self, WorkloadRestart<ServiceNoun>.self, PortCommand.self,
            Commitment.self,
            WorkloadSwitchFlavor<ServiceNoun>.self, WorkloadEdit<ServiceNoun>.self, WorkloadDelete<ServiceNoun>.self,
            WorkloadExport<ServiceNoun>.self,
        ])

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a service and start it (INF-01).",
            discussion: """
                The program's port becomes reachable at an external port of the gateway. Who opens one for the first time
                signs a commitment: `weir service commitment` shows it, --sign signs it.

                EXAMPLES:
                  weir service create digits --model digits-net --port 8000 --health /health --sign --wait -- python serve.py
                """)

        @Argument(help: "Its name.") var name: String
        @Argument(help: "The command, run in /gemini/code.") var command: [String]
        @OptionGroup var made: WorkloadOptions
        @OptionGroup var mounts: MountOptions
        @OptionGroup var access: AccessOptions
        @Option(help: "Where the program listens.") var port: Int
        @Option(help: "What the gateway speaks to it: http or tcp (INF-08).") var mode: Mode = .http
        @Option(help: "Path that answers 2xx or 3xx when the program is ready; else an open port will do.") var health: String?
        @Option(help: "How long a replica may take to become ready, as 5m.") var startLimit: BriefDuration?
        @Option(help: "How many of it run.") var replicas = 1
        @Flag(help: "Sign the commitment for opening ports, which you have read (INF-06).") var sign = false
        @Flag(help: "Return when it runs.") var wait = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        enum Mode: String, ExpressibleByArgument, CaseIterable, Sendable {
            case http, tcp
        }

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            if sign { try await Commitment.sign(choice.workspace, session) }
            var body = try await made.members(name, choice, session)
            body.merge(try await mounts.members(choice, session)) { $1 }
            body.merge(access.members) { $1 }
            body["command"] = .string(try WorkloadRules.command(ShellCommand.line(command)))
            body["port"] = .integer(Int64(try WorkloadRules.port(port)))
            body["mode"] = .string(mode.rawValue)
            body["health_path"] = health.map { .string($0) }
            body["start_limit"] = startLimit.map { .integer($0.seconds) }
            body["replicas"] = .integer(Int64(try WorkloadRules.replicas(replicas)))
            try await PriceNote.show(.service, project.id, body, session)
            var answer = try await session.api.answer(
                .create("/api/v1/projects/\(project.id)/services", .members(body)), as: Records.Workload.self)
            let id = answer.value.id
            if let port = answer.value.port { session.output.note("Address: \(port.address)") }
            if wait { answer = try await WorkloadWait.untilRunning(id, session) }
            try session.output.done(
                "\(answer.value.name) is \(answer.value.state.rawValue).", json: answer.json, identifier: id)
        }
    }

    struct Commitment: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what one commits to before opening a port, or sign it (INF-06).",
            discussion: "EXAMPLES:\n  weir service commitment\n  weir service commitment --sign")

        @Flag(help: "Sign it.") var sign = false
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            if sign { try await Self.sign(choice, session) }
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.answer(
                .get("/api/v1/workspaces/\(workspace.id)/commitments/port"), as: Records.Commitment.self)
            try session.output.details(answer, identifier: { "\($0.textVersion)" }) {
                [("text", $0.text), ("signed", $0.signedAt?.short ?? "not yet")]
            }
        }

        static func sign(_ choice: WorkspaceOptions, _ session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let path = "/api/v1/workspaces/\(workspace.id)/commitments/port"
            let commitment = try await session.api.answer(.get(path), as: Records.Commitment.self).value
            guard commitment.signedAt == nil else { return }
            session.output.note(commitment.text)
            let body: JSONValue = .object(["text_version": .integer(Int64(commitment.textVersion))])
            _ = try await session.api.answer(.send(.post, path, body))
            session.output.note("Signed.")
        }
    }
}
