import ArgumentParser
import Foundation
import WeirModel

struct WorkloadLogs<Noun: WorkloadNoun>: ClientCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "logs", abstract: "Show what \(Noun.article) wrote.",
            discussion: "EXAMPLES:\n  weir \(Noun.word) logs NAME -f\n  weir \(Noun.word) logs NAME --tail 100000")
    }

    @Argument(help: "Name or id.") var name: String
    @Flag(name: [.customShort("f"), .long], help: "Go on as it is written, until it ends.") var follow = false
    @Option(help: "Begin at so many bytes before the end.") var tail: Int?
    @Option(help: "Instance by id; the first of the last run when left out.") var instance: String?
    @Flag(help: "Show the time of each line.") var times = false
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workload = try await session.workload(Noun.kind, name, in: choice)
        let logs = LogReader(workload: workload.id, instance: instance, times: times, session: session)
        let start = tail.map { -$0 } ?? 0
        if follow { try await logs.follow(from: start) } else { try await logs.show(from: start) }
    }
}

/// Prints the log of one instance.
struct LogReader {
    let workload: String
    let instance: String?
    let times: Bool
    let session: ClientSession
    private let printer = LogPrinter()

    init(workload: String, instance: String?, times: Bool, session: ClientSession) {
        self.workload = workload
        self.instance = instance
        self.times = times
        self.session = session
    }

    /// What has been written so far.
    func show(from start: Int) async throws {
        let api = try session.api
        var offset = start
        while true {
            let call = APICall.get(
                "/api/v1/workloads/\(workload)/logs",
                [("instance", instance), ("offset", "\(offset)"), ("limit", "10000")])
            let part = try await api.answer(call, as: Records.LogPart.self)
            if session.output.json { print(try part.json.pretty()) } else { try part.value.lines.forEach(tell) }
            guard !part.value.lines.isEmpty, part.value.nextOffset != offset else { return }
            offset = part.value.nextOffset
        }
    }

    /// From `start` on, as it is written; the stream waits for the first instance. Returns when the instance has ended, or the workload
    /// before it had one.
    func follow(from start: Int) async throws {
        let api = try session.api
        let call = APICall.get(
            "/api/v1/workloads/\(workload)/logs/stream", [("instance", instance), ("offset", "\(start)")])
        try await api.follow(call) { event in
            switch event.name {
            case "line":
                if session.output.json {
                    try Output.line(event.data)
                } else if let line = APIClient.decode(event, as: Records.LogLine.self) {
                    try tell(line)
                }
                return true
            case "end": return false
            default: return true
            }
        }
    }

    private func tell(_ line: Records.LogLine) throws {
        if let gap = line.gap { try printer.remark(gap.message) }
        try printer.take(line.text, isPartial: line.partial, time: times ? line.at?.short ?? "" : nil, isErrors: line.stream == "stderr")
    }
}
