import ArgumentParser
import WeirModel

/// A workload by name or id, of the kind that the command is about.
protocol WorkloadNoun: Sendable {
    static var kind: WorkloadKind { get }
}

enum EnvironmentNoun: WorkloadNoun {
    static var kind: WorkloadKind { .environment }
}

enum JobNoun: WorkloadNoun {
    static var kind: WorkloadKind { .job }
}

enum ServiceNoun: WorkloadNoun {
    static var kind: WorkloadKind { .service }
}

enum BoardNoun: WorkloadNoun {
    static var kind: WorkloadKind { .board }
}

extension WorkloadNoun {
    static var word: String { kind.commandName }
    static var article: String { kind == .environment ? "an environment" : "a \(kind.rawValue)" }
}

struct WorkloadList<Noun: WorkloadNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "List \(Noun.kind.rawValue)s, newest first.",
            discussion:
                "EXAMPLES:\n  weir \(Noun.word) list\n  weir \(Noun.word) list --state running --project digits",
            aliases: ["ls"])
    }

    @Option(help: "Only those in this state.") var state: String?
    @Option(help: "Only those with this in their name.") var name: String?
    @Option(help: "In which order: newest, oldest or name.") var sort: String?
    @Option(help: "How many at most.") var limit = 50
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        try await WorkloadTable.show(Noun.kind, state: state, name: name, sort: sort, limit: limit, choice, session)
    }
}

enum WorkloadTable {
    static func show(
        _ kind: WorkloadKind?, state: String?, name: String?, sort: String? = nil, limit: Int, _ choice: ProjectOptions,
        _ session: ClientSession
    ) async throws {
        let workspace = try await session.workspace(choice.workspace)
        let project = choice.project == nil ? nil : try await session.project(choice).id
        let call = APICall.get(
            "/api/v1/workspaces/\(workspace.id)/workloads",
            [
                ("kind", kind?.rawValue), ("state", state), ("project", project), ("name", name), ("sort", sort),
                ("limit", "\(max(1, min(limit, 200)))"),
            ])
        let answer = try await session.api.list(call, of: Records.Workload.self, most: max(1, limit))
        try session.output.list(answer, WorkloadViews.table(kind), identifier: \.id) { WorkloadViews.row($0, kind) }
    }
}

struct WorkloadShow<Noun: WorkloadNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "show", abstract: "Show \(Noun.article) with every change of its state.",
            discussion: "EXAMPLES:\n  weir \(Noun.word) show NAME")
    }

    @Argument(help: "Name or id.") var name: String
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let id = try await session.workload(Noun.kind, name, in: choice).id
        let api = try session.api
        let answer = try await api.answer(.get("/api/v1/workloads/\(id)"), as: Records.Workload.self)
        try session.output.details(answer, identifier: \.id, WorkloadViews.details)
        guard !session.output.json, !session.output.quiet else { return }
        let history = try await api.list(.get("/api/v1/workloads/\(id)/history"), of: Records.Transition.self, most: 200)
        var table = Table(.text("TIME"), .text("STATE"), .text("CAUSE"), .text("BY"))
        table.rows = history.value.reversed().map {
            [
                $0.at.short, $0.state.rawValue, ($0.causeText ?? $0.cause) + ($0.reason.map { ": \($0)" } ?? ""),
                $0.actor?.login ?? "weir",
            ]
        }
        print("\n" + table.text)
    }
}

/// Tells what a stop keeps and loses, before anything is done (X02).
enum WorkloadLoss {
    static func confirm(_ question: String, _ workload: Records.Workload, yes: Bool) throws {
        let kept = workload.keeps.kept.isEmpty ? "–" : workload.keeps.kept.joined(separator: ", ")
        try Prompt.confirm("Kept: \(kept)\nLost: \(workload.keeps.lost)\n\(question)", yes: yes)
    }
}

struct WorkloadStop<Noun: WorkloadNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: Noun.kind == .job ? "cancel" : "stop", abstract: "Stop \(Noun.article).",
            discussion: "EXAMPLES:\n  weir \(Noun.word) \(Noun.kind == .job ? "cancel" : "stop") NAME --yes --wait")
    }

    @Argument(help: "Name or id.") var name: String
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @Flag(help: "Return when it has stopped.") var wait = false
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workload = try await session.workload(Noun.kind, name, in: choice)
        try WorkloadLoss.confirm("Stop \(workload.name)?", workload, yes: yes)
        var answer = try await session.api.answer(
            .send(.post, "/api/v1/workloads/\(workload.id)/stop"), as: Records.Workload.self)
        if wait { answer = try await WorkloadWait.untilStopped(workload.id, session) }
        try session.output.done(
            "\(workload.name) is \(answer.value.state.rawValue).", json: answer.json, identifier: workload.id)
    }
}

struct WorkloadStart<Noun: WorkloadNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "start", abstract: "Start \(Noun.article) again; one that is stopping starts when it has stopped.",
            discussion: "EXAMPLES:\n  weir \(Noun.word) start NAME --wait")
    }

    @Argument(help: "Name or id.") var name: String
    @Flag(help: "Return when it runs.") var wait = false
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workload = try await session.workload(Noun.kind, name, in: choice)
        try await WorkloadStarting.start(workload.id, wait: wait, session)
    }
}

struct WorkloadDelete<Noun: WorkloadNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "delete", abstract: "Stop \(Noun.article) if it runs, and remove its record (DEV-30).",
            discussion: "EXAMPLES:\n  weir \(Noun.word) delete NAME --yes", aliases: ["rm"])
    }

    @Argument(help: "Name or id.") var name: String
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workload = try await session.workload(Noun.kind, name, in: choice)
        try Prompt.confirm(
            "Kept: \(workload.keeps.keptWhenDeleted)\nLost: \(workload.keeps.lostWhenDeleted)\nDelete \(workload.name)?", yes: yes)
        _ = try await session.api.answer(.delete("/api/v1/workloads/\(workload.id)"))
        try session.output.done("Deleted.", identifier: workload.id)
    }
}

struct WorkloadEdit<Noun: WorkloadNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "edit", abstract: "Change the name or the description (DEV-19).",
            discussion: "EXAMPLES:\n  weir \(Noun.word) edit NAME --name other --description 'What it is for'")
    }

    @Argument(help: "Name or id.") var name: String
    @Option(name: .customLong("name"), help: "The new name.") var newName: String?
    @Option(help: "The new description.") var description: String?
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workload = try await session.workload(Noun.kind, name, in: choice)
        let body = JSONValue.members(["name": newName.map { .string($0) }, "description": description.map { .string($0) }])
        let answer = try await session.api.answer(.send(.patch, "/api/v1/workloads/\(workload.id)", body))
        try session.output.done("Changed.", json: answer, identifier: workload.id)
    }
}

struct WorkloadSwitchFlavor<Noun: WorkloadNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "switch-flavor", abstract: "Take another flavor for the next start (DEV-27).",
            discussion: "EXAMPLES:\n  weir \(Noun.word) switch-flavor NAME cpu-large")
    }

    @Argument(help: "Name or id.") var name: String
    @Argument(help: "The flavor.") var flavor: String
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workload = try await session.workload(Noun.kind, name, in: choice)
        let answer = try await session.api.answer(
            .send(.post, "/api/v1/workloads/\(workload.id)/switch-flavor", .object(["flavor": .string(flavor)])))
        try session.output.done("\(workload.name) starts with \(flavor) next.", json: answer, identifier: workload.id)
    }
}
