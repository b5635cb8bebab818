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
        if [.deploying, .running].contains(workload.state) {
            try WorkloadLoss.confirm("Stop \(workload.name), and start it again?", workload, yes: yes)
        }
        try await WorkloadStarting.start(workload.id, by: "restart", wait: wait, session)
    }
}

/// A start that may have to wait for a stop that is under way: the server remembers it, whether or not this program goes on.
enum WorkloadStarting {
    static func start(_ id: String, by operation: String = "start", wait: Bool, _ session: ClientSession) async throws {
        var answer = try await session.api.answer(.send(.post, "/api/v1/workloads/\(id)/\(operation)"), as: Records.Workload.self)
        if answer.value.startsAgain == true {
            session.output.note("\(answer.value.name) is stopping; it starts as soon as it has stopped.")
        }
        if wait { answer = try await WorkloadWait.untilRunning(id, session) }
        try session.output.done("\(answer.value.name) is \(answer.value.state.rawValue).", json: answer.json, identifier: id)
    }
}
