import ArgumentParser

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "What can be configured, and whether a configuration is valid.",
        subcommands: [Reference.self, Check.self])

    struct Reference: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List every key of the configuration.",
            discussion: """
                EXAMPLES:
                  weir config reference
                  weir config reference --file > weir.yaml
                """)

        @Flag(help: "As the table in the manual.") var markdown = false
        @Flag(help: "As a file to start from, every key commented out.") var file = false

        func run() async throws {
            if markdown {
                print(ConfigurationReference.markdown)
            } else if file {
                print(ConfigurationReference.file)
            } else {
                print(ConfigurationReference.text)
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whether `weir serve` would take this configuration.",
            discussion: """
                EXAMPLES:
                  weir config check --config /etc/weir.yaml
                """)

        @OptionGroup var options: ConfigurationOptions

        func run() async throws {
            _ = try options.configuration()
            print("The configuration is valid.")
        }
    }
}
