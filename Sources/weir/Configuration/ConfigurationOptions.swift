import ArgumentParser
import Foundation

/// The flags by which `weir serve` and `weir doctor` are configured.
struct ConfigurationOptions: ParsableArguments {
    @Option(
        name: .customLong("config"), help: "YAML file with the configuration.",
        completion: .file(extensions: ["yaml", "yml"]))
    var file: String?

    @Option(name: .customLong("set"), help: "Set one key, stronger than file and environment. Can be given again.")
    var settings: [Setting] = []

    @Option(help: "The folder with everything that Weir keeps; short for --set data=….", completion: .directory)
    var data: String?

    @Option(help: "Where the API listens; short for --set api.listen=….")
    var listen: String?

    @Option(help: "Where the gateway listens; short for --set gateway.listen=….")
    var gatewayListen: String?

    /// `KEY=VALUE`.
    struct Setting: ExpressibleByArgument, Sendable {
        let key: String
        let value: String

        init?(argument: String) {
            guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
            key = String(argument[..<equals])
            value = String(argument[argument.index(after: equals)...])
        }
    }

    /// The configuration from all three sources.
    ///
    /// - Throws: ``ConfigurationRefused``.
    func configuration(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> Configuration {
        var flags = settings.map { (key: $0.key, value: $0.value) }
        for (key, value) in [
            ("data", data.map(Self.absolute)), ("api.listen", listen), ("gateway.listen", gatewayListen),
        ] {
            if let value { flags.append((key: key, value: value)) }
        }
        let file = file ?? environment["WEIR_CONFIG"]
        return try ConfigurationReader.read(file: file, environment: environment, flags: flags)
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }
}
