import ArgumentParser
import WeirModel

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Say what this host lacks to run Weir, and how to mend it.",
        discussion: """
            Exit code 1 when something vital is missing.

            EXAMPLES:
              weir doctor
              weir doctor --config /etc/weir.yaml --json
            """)

    @Flag(help: "Print the findings as JSON.") var json = false
    @OptionGroup var options: ConfigurationOptions

    func run() async throws {
        let findings = await HostCheckup(configuration: try options.configuration()).findings()
        if json {
            print(try JSONValue.object(["items": .array(findings.map(\.json)), "next": .null]).pretty())
        } else {
            for finding in findings { print(finding.shown) }
        }
        if findings.contains(where: { $0.grade == .lack }) { throw ExitCode(ExitStatus.failed.rawValue) }
    }
}
