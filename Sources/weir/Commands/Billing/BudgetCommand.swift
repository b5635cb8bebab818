import ArgumentParser
import WeirModel

struct BudgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "budget", abstract: "What a workspace, a project or a person may be charged in a month.",
        subcommands: [List.self, Set.self, Remove.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the budgets with what was charged this month.", discussion: "EXAMPLES:\n  weir budget list",
            aliases: ["ls"])

        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let answer = try await session.api.list(
                .get("/api/v1/workspaces/\(workspace.id)/budgets"), of: Records.Budget.self)
            let names = try await names(workspace.id, session)
            let table = Table(.text("OF"), .number("LIMIT"), .number("CHARGED"), .text("WARNS AT"), .text("AT THE LIMIT"))
            try session.output.list(answer, table, identifier: \.scope) { budget in
                [
                    names[budget.scope] ?? budget.scope, budget.limit.description, budget.charged.description,
                    budget.warnings.map { "\($0) %" }.joined(separator: ", "), budget.atLimit,
                ]
            }
        }

        /// What people call the projects and people that budgets are of.
        private func names(_ workspace: String, _ session: ClientSession) async throws -> [String: String] {
            guard !session.output.json, !session.output.quiet else { return [:] }
            let path = "/api/v1/workspaces/\(workspace)"
            let projects = try await session.api.list(.get(path + "/projects"), of: Records.Project.self).value
            let members = try await session.api.list(.get(path + "/members"), of: Records.Member.self).value
            return Dictionary(
                projects.map { ($0.id, "project \($0.name)") } + members.map { ($0.account, $0.login) },
                uniquingKeysWith: { first, _ in first })
        }
    }

    struct Set: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make or change a budget, for an administrator; it holds for this month at once.",
            discussion: """
                EXAMPLES:
                  weir budget set 500
                  weir budget set 100 --project digits --warn 50 --warn 80 --stop
                  weir budget set 20 --person ada
                """)

        @Argument(help: "Points a month.") var limit: AmountArgument
        @OptionGroup var scope: BudgetScope
        @Option(name: .customLong("warn"), help: "Warn at this percentage; can be given again. 80 when left out.")
        var warnings: [Int64] = []
        @Flag(help: "At the limit, also stop what runs, at the next full hour.") var stop = false
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let scope = try await scope.text(workspace.id, choice, session)
            let body = JSONValue.members([
                "limit": limit.json, "warnings": warnings.isEmpty ? nil : .array(warnings.map { .integer($0) }),
                "at_limit": .string(stop ? "stop" : "refuse"),
            ])
            let answer = try await session.api.answer(
                .send(.put, "/api/v1/workspaces/\(workspace.id)/budgets/\(scope)", body), as: Records.Budget.self)
            try session.output.done(
                "The budget is \(answer.value.limit) points a month; \(answer.value.charged) are charged.", json: answer.json,
                identifier: answer.value.scope)
        }
    }

    struct Remove: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a budget, for an administrator.",
            discussion: "EXAMPLES:\n  weir budget remove\n  weir budget remove --project digits")

        @OptionGroup var scope: BudgetScope
        @OptionGroup var choice: WorkspaceOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workspace = try await session.workspace(choice)
            let scope = try await scope.text(workspace.id, choice, session)
            _ = try await session.api.answer(.delete("/api/v1/workspaces/\(workspace.id)/budgets/\(scope)"))
            try session.output.done("Removed.", identifier: scope)
        }
    }
}

/// Whose budget it is: the workspace's unless another is named.
struct BudgetScope: ParsableArguments {
    @Option(name: [.customShort("p"), .customLong("project")], help: "Name or id of a project.") var project: String?
    @Option(help: "Login or id of a member.") var person: String?

    func validate() throws {
        guard project == nil || person == nil else { throw ValidationError("Give either --project or --person.") }
    }

    func text(_ workspace: String, _ choice: WorkspaceOptions, _ session: ClientSession) async throws -> String {
        if let project { return try await session.project(called: project, in: choice).id }
        guard let person else { return "workspace" }
        if person.isIdentifier("acc") { return person }
        let members = try await session.api.list(
            .get("/api/v1/workspaces/\(workspace)/members"), of: Records.Member.self
        ).value
        guard let found = members.first(where: { $0.login == person }) else { throw WeirError.noneCalled("member", person) }
        return found.account
    }
}
