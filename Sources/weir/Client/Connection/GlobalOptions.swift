import ArgumentParser
import Foundation
import WeirModel

/// What every command of the client takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Address of the server.", discussion: "Else WEIR_SERVER, else that of the login.", visibility: .default))
    var server: String?

    @Option(help: ArgumentHelp("API token in place of the login's; WEIR_TOKEN is safer.", visibility: .hidden))
    var token: String?

    @Option(help: "Language of messages, en or zh; else WEIR_LANG, else LANG.")
    var lang: String?

    @Flag(help: "Print what the API answered, for programs.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print identifiers alone, and no progress.")
    var quiet = false

    func language(_ environment: [String: String]) -> Language {
        let tag =
            lang ?? environment["WEIR_LANG"] ?? environment["LC_ALL"] ?? environment["LC_MESSAGES"]
            ?? environment["LANG"]
        return Language(accepting: tag?.replacing("_", with: "-"))
    }
}

/// Commands that work on a workspace.
struct WorkspaceOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "Name or id of the workspace; else the one of `weir workspace use`.")
    var workspace: String?
}

/// Commands that work on a project.
struct ProjectOptions: ParsableArguments {
    @OptionGroup var workspace: WorkspaceOptions

    @Option(name: .shortAndLong, help: "Name or id of the project; else the one of `weir project use`.")
    var project: String?
}
