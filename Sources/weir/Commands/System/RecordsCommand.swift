import ArgumentParser
import WeirModel

struct RecordsCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "records", abstract: "Show who did what, the newest first (ADM-04).",
        discussion: """
            What was started and stopped; what was made, changed and deleted of projects, data, members, budgets and quotas; what was \
            paid, given or put right. The operator sees all workspaces and the installation's own with --all.

            EXAMPLES:
              weir records
              weir records --kind member --by ada
              weir records --all --kind account
            """)

    @Option(help: "Only these: workload, project, data, member, quota, money, account or offer.") var kind: String?
    @Option(help: "Only what was done by whoever has this login.") var by: String?
    @Option(help: "How many at most.") var limit = 50
    @Flag(help: "Of all workspaces, and the installation's own; for the operator.") var all = false
    @OptionGroup var choice: WorkspaceOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let path =
            all ? "/api/v1/operator/records" : "/api/v1/workspaces/\(try await session.workspace(choice).id)/records"
        let answer = try await session.api.list(
            .get(path, [("kind", kind), ("login", by)]), of: Records.Operation.self, most: limit)
        var table = Table(.text("AT"), .text("BY"), .text("OPERATION"), .text("OF"), .text("BEFORE"), .text("AFTER"))
        if all {
            table = Table(.text("AT"), .text("WORKSPACE"), .text("BY"), .text("OPERATION"), .text("OF"), .text("BEFORE"), .text("AFTER"))
        }
        try session.output.list(answer, table, identifier: { $0.subject?.id ?? $0.action }) { record in
            [record.at.short] + (all ? [record.workspace?.name ?? ""] : []) + [
                record.by?.login ?? "weir", record.text,
                [record.subject?.kind, record.subject?.name].compactMap(\.self).joined(separator: " "),
                record.before ?? "", record.after ?? record.amount ?? "",
            ]
        }
    }
}
