import ArgumentParser
import Testing
import WeirModel

@testable import weir

@Suite("Command line")
struct CommandLineTests {
    static func all(_ command: any ParsableCommand.Type = Weir.self) -> [any ParsableCommand.Type] {
        [command] + command.configuration.subcommands.flatMap { all($0) }
    }

    @Test("every command that does something has examples and says what it does")
    func help() {
        let commands = Self.all()
        #expect(commands.count > 80)
        for command in commands {
            #expect(!command.configuration.abstract.isEmpty, "\(command)")
            if command.configuration.subcommands.isEmpty {
                #expect(command.configuration.discussion.contains("EXAMPLES:"), "\(command)")
            }
            #expect(!command.helpMessage().isEmpty)
        }
    }

    @Test("names of commands are unique among their siblings")
    func names() {
        for command in Self.all() {
            let names = command.configuration.subcommands.map { $0.configuration.commandName ?? "\($0)".lowercased() }
            #expect(Set(names).count == names.count, "\(names)")
        }
    }

    @Test("a job's command comes after --, and its own options stay its own")
    func jobCommand() throws {
        let job = try #require(
            try Weir.parseAsRoot([
                "job", "submit", "train", "--dataset", "digits@2", "--time-limit", "12h", "--", "python", "train.py",
                "--wait",
            ]) as? JobCommand.Submit)
        #expect(job.command == ["python", "train.py", "--wait"])
        #expect(job.mounts.versions.datasets == ["digits@2"])
        #expect(job.timeLimit?.seconds == 43_200)
        #expect(!job.wait)
    }

    @Test("what an environment is to mount is named, or --none is: to forget it takes nothing away (DAT-12)")
    func mounts() throws {
        let mounts = try #require(
            try Weir.parseAsRoot(["env", "mounts", "lab", "--dataset", "digits@2", "--model", "net"]) as? EnvironmentCommand.Mounts)
        #expect(mounts.versions.datasets == ["digits@2"] && mounts.versions.models == ["net"] && !mounts.none)
        #expect((try Weir.parseAsRoot(["env", "mounts", "lab", "--none"]) as? EnvironmentCommand.Mounts)?.none == true)
        for arguments in [["env", "mounts", "lab"], ["env", "mounts", "lab", "--none", "--dataset", "digits"]] {
            #expect(throws: (any Error).self, "\(arguments)") { try Weir.parseAsRoot(arguments) }
        }
    }

    @Test("words become a shell's command line, each quoted where it has to be; one word is a line of its own")
    func shellCommand() {
        #expect(ShellCommand.line(["python", "a b.py", "it's", ""]) == "python 'a b.py' 'it'\\''s' ''")
        #expect(ShellCommand.line(["a | b"]) == "a | b")
        #expect(ShellCommand.line(["python", "x=1", "--n=2"]) == "python x=1 --n=2")
    }

    @Test("a version is chosen by @")
    func versionChoice() throws {
        #expect(try VersionChoice("digits@3").number == 3)
        #expect(try VersionChoice("digits").number == nil)
        #expect(throws: WeirError.self) { try VersionChoice("digits@x") }
        #expect(throws: WeirError.self) { try VersionChoice("digits@0") }
    }

    @Test("a wrong command line ends with 2, a wrong configuration too, help with 0")
    func endings() {
        func code(_ arguments: [String]) -> Int32 {
            do {
                _ = try Weir.command(arguments)
                return -1
            } catch {
                return Ending.tell(error).rawValue
            }
        }
        #expect(code(["bogus"]) == 2)
        #expect(code(["job", "export", "x"]) == 2)
        #expect(code(["job", "export", "x", "--to-model", "a", "--to-dataset", "b"]) == 2)
        #expect(code(["--version"]) == 0)
        // Elsewhere it is an option that no command has (G4).
        #expect(code(["dataset", "rm", "digits", "--version", "1"]) == 2)
        #expect(code(["job", "submit", "x", "--", "python", "--version"]) == -1)
        #expect(Ending.tell(ConfigurationRefused(problems: [])).rawValue == 2)
    }

    @Test("each category of error and each HTTP status has its exit code")
    func exitCodes() {
        let statuses = [
            400: 2, 401: 3, 403: 4, 404: 5, 409: 6, 410: 5, 413: 2, 423: 3, 429: 7, 460: 2, 500: 1, 503: 7,
        ]
        for (http, exit) in statuses { #expect(ExitStatus(httpStatus: http).rawValue == exit, "\(http)") }
        #expect(ExitStatus(httpStatus: 423, code: "upload_busy") == .unavailable)
        #expect(ExitStatus(.unauthenticated) == .notLoggedIn)
        #expect(ExitStatus(.notFound) == .notFound)
        #expect(ExitStatus(.conflict) == .conflict)
    }

    @Test("an error of the API keeps its code, rule and remedy; one of a proxy becomes one")
    func apiFailure() {
        let failure = APIFailure(
            httpStatus: 409,
            body: .object([
                "error": .object([
                    "code": "name_taken", "message": "Taken.", "rule": "X17", "remedy": "Choose another.",
                    "subject": "name",
                ])
            ]))
        #expect(failure.code == "name_taken")
        #expect(failure.rule == "X17")
        #expect(failure.remedy == "Choose another.")
        #expect(failure.exitStatus == .conflict)
        #expect(APIFailure(httpStatus: 502, body: nil).exitStatus == .unavailable)
    }
}
