import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import WeirModel

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "What waits, and how soon its turn comes (QUO-04, QUO-05, QUO-07).",
        subcommands: [QueueList.self, QueuePriority.self], defaultSubcommand: QueueList.self)
}

struct QueueList: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What waits, in the order of the queue, and when it is expected to start (QUO-04, QUO-05).",
        discussion: "EXAMPLES:\n  weir queue", aliases: ["ls"])

    @Option(help: "Only those with this in their name.") var name: String?
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let workspace = try await session.workspace(choice)
        let call = APICall.get("/api/v1/workspaces/\(workspace.id)/queue", [("name", name)])
        let answer = try await session.api.answer(call, as: Records.Queue.self)
        let lines = try await session.api.list(call, of: Records.Queue.Line.self)
        let json = JSONValue.members([
            "at": answer.json["at"], "waiting": answer.json["waiting"], "waiting_in_zone": answer.json["waiting_in_zone"],
            "score": answer.json["score"], "items": lines.json["items"], "next": lines.json["next"],
        ])
        let items = Answer(lines.value, json: json)
        let table = Table(
            .number("PLACE"), .text("NAME"), .text("KIND"), .text("FLAVOR"), .text("SINCE"), .text("WAITS FOR"), .text("EXPECTED"),
            .text("AT THE LATEST"))
        try session.output.list(items, table, identifier: \.workload) { line in
            [
                line.shownPlace, line.name, line.kind.rawValue,
                line.replicas == 1 ? line.flavor : "\(line.replicas) × \(line.flavor)",
                line.queuedAt.short, line.reason ?? "", line.forecast?.expected.short ?? "", line.forecast?.latest?.short ?? "",
            ]
        }
        session.output.closing("\(answer.value.waitingInZone) wait in the zone.")
    }
}

struct QueuePriority: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "priority", abstract: "Change how soon the turn of what waits comes (QUO-07).",
        discussion: "EXAMPLES:\n  weir queue priority train high")

    @Argument(help: "Name or id.") var name: String
    @Argument(help: "low, normal or high.") var priority: PriorityArgument
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let id = try await session.workload(nil, name, in: choice).id
        let call = try APICall.send(.put, "/api/v1/workloads/\(id)/priority", .object(["priority": .string(priority.rawValue)]))
        let answer = try await session.api.answer(call, as: Records.Workload.self)
        let text = LocalizedText(
            "\(answer.value.name) waits with the priority \(priority.rawValue).", zh: "\(answer.value.name) 以优先级 \(priority.rawValue) 排队。")
        try session.output.done(text[session.output.language], json: answer.json, identifier: id)
    }
}

struct HistoryCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Write out what was wanted in a month, for `weir simulate --history` (operator).",
        discussion: "EXAMPLES:\n  weir history --month 2026-10 > last-month.json")

    @Option(help: "As 2026-10; this month when left out.") var month: MonthArgument?
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        var call = APICall.get("/api/v1/operator/scheduling/history", [("month", month?.month.description)])
        call.timeout = nil
        for try await part in try await session.api.response(call).body {
            try FileHandle.standardOutput.write(contentsOf: Data(part.readableBytesView))
        }
    }
}
