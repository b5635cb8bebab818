import ArgumentParser
import Foundation
import Logging
import WeirEngine
import WeirModel

/// The server: the API and the console, the gateway, and the loops behind them.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run Weir on this machine.",
        discussion: """
            Reads a YAML file, then WEIR_… variables, then flags; the later is stronger. `weir config reference` lists every
            key. The first start makes the data folder and an operator with a one-time password, which is printed once.

            EXAMPLES:
              weir serve --data /srv/weir
              weir serve --config /etc/weir.yaml --set log.level=debug
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let configuration = try options.configuration()
        LoggingSystem.bootstrap { label in
            switch configuration.log.format {
            case .text: StreamLogHandler.standardError(label: label)
            case .json: JSONLogHandler(label: label)
            }
        }
        var logger = Logger(label: "weir")
        logger.logLevel = Logger.Level(rawValue: configuration.log.level.rawValue) ?? .info
        let profile: HostProfile
        do {
            try HostCheckup.requireRoot()
            profile = await HostProfile.detect(externalPodman: configuration.engine.socket != nil)
            try configuration.requireUserNamespaces(profile, logger: logger)
        } catch {
            throw Output(json: false, quiet: false, language: .ofProcess()).report(error)
        }
        try await Installed(configuration, profile: profile, logger: logger).run()
    }
}
