import ArgumentParser
import WeirModel

struct QuotaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quota", abstract: "What a workspace and the people in it may hold at once, and what they hold.",
        subcommands: [Show.self, List.self, QuotaSet.self, Remove.self, History.self])

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what is held of each limit (QUO-03).",
            discussion:
                "Each cell is what is held, and the limit if there is one.\n\nEXAMPLES:\n  weir quota show\n  weir quota show --name ada --own"
        )

        @Option(help: "Only people with this in their login or name.") var name: String?
        @Flag(help: "Only people with a quota of their own.") var own = false
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let call = APICall.get("/api/v1/workspaces/\(workspace.id)/quotas", [("name", name), ("own", own ? "true" : nil)])
            let whole = try await session.api.answer(call, as: Records.WorkspaceQuotas.self)
            let people = try await session.api.list(call, of: Records.QuotaStanding.self)
            var table = QuotaTable.make("WHOSE")
            table.rows = [QuotaTable.row("workspace \(whole.value.workspace.name ?? "")", whole.value.workspace)]
            table.rows += people.value.map { QuotaTable.row($0.account?.login ?? "", $0) }
            let json = JSONValue.members([
                "workspace": whole.json["workspace"], "everyone": whole.json["everyone"], "items": people.json["items"],
                "next": people.json["next"],
            ])
            try session.output.done(table.text, json: json, identifier: workspace.id)
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all workspaces with what they hold and may, for the operator.", discussion: "EXAMPLES:\n  weir quota list",
            aliases: ["ls"])

        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.list(.get("/api/v1/quotas"), of: Records.QuotaStanding.self)
            try session.output.list(answer, QuotaTable.make("WORKSPACE"), identifier: { $0.workspace ?? "" }) {
                QuotaTable.row($0.name ?? "", $0)
            }
        }
    }

    struct Remove: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a quota away: of the workspace, of everyone (--everyone), or of one person.",
            discussion: "EXAMPLES:\n  weir quota remove --person ada")

        @OptionGroup var scope: QuotaScopeOptions
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let scope = try await scope.text(workspace.id, session)
            _ = try await session.api.answer(.delete("/api/v1/workspaces/\(workspace.id)/quotas/\(scope)"))
            try session.output.done("Removed.", identifier: scope)
        }
    }

    struct History: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show who changed the quotas of a workspace, the newest first (QUO-06).",
            discussion: "EXAMPLES:\n  weir quota history")

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.list(
                .get("/api/v1/workspaces/\(workspace.id)/quota-changes"), of: Records.RuleChange.self)
            let table = Table(.text("AT"), .text("BY"), .text("OF"), .text("BEFORE"), .text("AFTER"))
            try session.output.list(answer, table, identifier: \.subject) {
                [$0.at.short, $0.by?.login ?? "", $0.subject, $0.before ?? "none", $0.after ?? "none"]
            }
        }
    }
}

/// A row for each whose quota it is, a column for each dimension.
enum QuotaTable {
    static func make(_ first: String) -> Table {
        Table(
            .text(first), .number("CORES"), .number("MEMORY"), .number("GPUS"), .number("GPU MEMORY"), .number("INSTANCES"),
            .number("STORAGE"), .number("WEIGHT"), .text("PRIORITY"))
    }

    static func row(_ name: String, _ standing: Records.QuotaStanding) -> [String] {
        [name]
            + QuotaDimension.allCases.map { dimension in
                let held = standing.held[dimension].map { dimension.written($0) } ?? "–"
                return standing.quota[dimension].map { "\(held) / \(dimension.written($0))" } ?? held
            } + ["\(standing.weight)", standing.highestPriority?.rawValue ?? ""]
    }
}

/// Whose quota it is: the workspace's unless another is named.
struct QuotaScopeOptions: ParsableArguments {
    @Flag(help: "Of each person who has none of their own.") var everyone = false
    @Option(help: "Login or id of a member.") var person: String?

    func validate() throws {
        guard !everyone || person == nil else { throw ValidationError("Give either --everyone or --person.") }
    }

    func text(_ workspace: String, _ session: ClientSession) async throws -> String {
        if everyone { return "everyone" }
        guard let person else { return "workspace" }
        if person.isIdentifier("acc") { return person }
        let members = try await session.api.list(.get("/api/v1/workspaces/\(workspace)/members"), of: Records.Member.self).value
        guard let found = members.first(where: { $0.login == person }) else { throw WeirError.noneCalled("member", person) }
        return found.account
    }
}
