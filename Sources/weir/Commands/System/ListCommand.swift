import ArgumentParser
import WeirModel

struct ListCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List everything that runs or ran, and for how long.",
        discussion: "EXAMPLES:\n  weir list\n  weir list --state running", aliases: ["ls"])

    @Option(help: "Only those in this state.") var state: String?
    @Option(help: "Only those with this in their name.") var name: String?
    @Option(help: "In which order: newest, oldest or name.") var sort: String?
    @Option(help: "How many at most.") var limit = 50
    @OptionGroup var choice: ProjectOptions
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        try await WorkloadTable.show(nil, state: state, name: name, sort: sort, limit: limit, choice, session)
    }
}
