import ArgumentParser
import WeirModel

struct WorkloadRestart<Noun: WorkloadNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "restart", abstract: "Stop \(Noun.article) if it runs, and start it again.",
            discussion: "EXAMPLES:\n  weir \(Noun.word) restart NAME --yes --wait")
    }

    @Argument(help: "Name or id.") var name: String
    @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
    @Flag(help: "Return when it runs.") var wait = false
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workload = try await session.workload(Noun.kind, name, in: choice)
        if [.queued, .deploying, .running].contains(workload.state) {
            try WorkloadLoss.confirm("Stop \(workload.name), and start it again?", workload, yes: yes)
            _ = try await session.api.answer(.send(.post, "/api/v1/workloads/\(workload.id)/stop"))
            _ = try await WorkloadWait.untilStopped(workload.id, session)
        }
        try await WorkloadStarting.start(workload.id, wait: wait, session)
    }
}

/// A start that waits for a stop that is under way: nobody has to ask again and again.
enum WorkloadStarting {
    static func start(_ id: String, wait: Bool, _ session: ClientSession) async throws {
        let api = try session.api
        let before = try await api.answer(.get("/api/v1/workloads/\(id)"), as: Records.Workload.self).value
        if before.state == .stopping {
            session.output.note("\(before.name) is stopping; it is started as soon as it has stopped.")
            _ = try await WorkloadWait.untilStopped(id, session)
        }
        var answer = try await api.answer(.send(.post, "/api/v1/workloads/\(id)/start"), as: Records.Workload.self)
        if wait { answer = try await WorkloadWait.untilRunning(id, session) }
        try session.output.done("\(before.name) is \(answer.value.state.rawValue).", json: answer.json, identifier: id)
    }
}
