import ArgumentParser

@main
struct Weir: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir", abstract: "Pools AI compute and meters it out to many teams.",
        subcommands: [ConfigCommand.self])
}
