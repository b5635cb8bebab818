import ArgumentParser
import Foundation
import WeirEngine
import WeirModel

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Say what this host lacks to run Weir, and how to mend it.",
        discussion: """
            Starts Podman's service if it does not run. Exit code 1 when something vital is missing.

            EXAMPLES:
              weir doctor
              weir doctor --config /etc/weir.yaml --json
            """)

    @Flag(help: "Print the findings as JSON.") var json = false
    @Option(help: "Language of messages, en or zh; else WEIR_LANG, else LANG.") var lang: String?
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let language = Language.ofProcess(lang)
        let findings = await HostCheckup(configuration: try options.configuration()).findings()
        if json {
            print(try JSONValue.object(["items": .array(findings.map { $0.json(language) }), "next": .null]).pretty())
        } else {
            for finding in findings { print(finding.shown(language)) }
        }
        if findings.contains(where: { $0.status == .failed }) { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}
