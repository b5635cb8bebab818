import ArgumentParser
import Foundation
import WeirModel

struct SSHCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh", abstract: "The way into environments by SSH, and to folders by SFTP.",
        subcommands: [
            Show.self, Config.self, SSHPolicyCommand.self, Switch.self, Repair.self, SFTPCommand.self, Git.self, SetPassword.self,
            Fingerprints.self, Attempts.self,
        ],
        defaultSubcommand: Show.self)

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Print the lines that lead into an environment, or run ssh (SSH-01, SSH-12).",
            discussion: """
                EXAMPLES:
                  weir ssh lab
                  weir ssh lab --run
                  weir ssh lab --run -- nvidia-smi
                """)

        @Argument(help: "Name or id of the environment.") var name: String
        @Argument(help: "With --run: a command to run there.") var command: [String] = []
        @Flag(help: "Run ssh.") var run = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await SSHLookUp.environment(name, choice, session)
            let lines = answer.value
            if run {
                throw try SSHLookUp.become(
                    ["ssh", "-p", String(lines.port), "-l", lines.user, "-o", "ServerAliveInterval=30", lines.host] + command)
            }
            try session.output.details(answer, identifier: { $0.ssh ?? $0.sftp }) { lines in
                [
                    ("ssh", lines.ssh), ("scp", lines.scp), ("sftp", lines.sftp), ("rsync", lines.rsync),
                    ("~/.ssh/config", lines.config), ("then", "ssh \(lines.alias)"),
                ]
            }
        }
    }

    struct Config: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "config", abstract: "Print the entry for ~/.ssh/config, with keep-alive (SSH-12).",
            discussion: "EXAMPLES:\n  weir ssh config lab >> ~/.ssh/config")

        @Argument(help: "Name or id of the environment.") var name: String
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await SSHLookUp.environment(name, choice, session)
            try session.output.done(answer.value.config, json: answer.json, identifier: answer.value.config)
        }
    }

    struct Switch: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "switch", abstract: "Let in over SSH, or nobody, whatever key they have (SSH-01).",
            discussion: "EXAMPLES:\n  weir ssh switch lab off\n  weir ssh switch lab on")

        @Argument(help: "Name or id of the environment.") var name: String
        @Argument(help: "on or off.") var state: State
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        enum State: String, ExpressibleByArgument, CaseIterable, Sendable { case on, off }

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.environment, name, in: choice)
            let answer = try await session.api.answer(
                .send(.patch, "/api/v1/workloads/\(workload.id)", .object(["ssh": .bool(state == .on)])))
            try session.output.done("SSH of \(workload.name) is \(state.rawValue).", json: answer, identifier: workload.id)
        }
    }

    struct Repair: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "repair", abstract: "Give the home in an environment the mode 700 back (SSH-10).",
            discussion: "EXAMPLES:\n  weir ssh repair lab")

        @Argument(help: "Name or id of the environment.") var name: String
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.environment, name, in: choice)
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/workloads/\(workload.id)/ssh/repair"), as: Records.SSHRepair.self)
            try session.output.done(
                "The home had the mode \(answer.value.before) and has \(answer.value.now) now.", json: answer.json)
        }
    }

    struct Git: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "git", abstract: "Print the line that clones the code of a project over SSH (SSH-09).",
            discussion: """
                A repository in a folder of the code has that folder at the end of the address. A push to what is checked out changes the
                files, when nothing there waits to be committed. Code in which nothing stands becomes a repository by the first push.

                EXAMPLES:
                  weir ssh git
                  weir ssh git --project digits
                """)

        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let project = try await session.project(choice)
            let answer = try await session.api.answer(.get("/api/v1/projects/\(project.id)/code/sftp"), as: Records.SSHAddress.self)
            let line = answer.value.git ?? answer.value.sftp
            try session.output.done(line, json: answer.json, identifier: line)
        }
    }

    struct SetPassword: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "password", abstract: "Set your password for SSH, or take it away (SSH-03). Keys are safer.",
            discussion: """
                Without a terminal, standard input gives the password.

                EXAMPLES:
                  weir ssh password
                  weir ssh password --remove
                """)

        @Flag(help: "From now on only keys let in.") var remove = false
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            if remove {
                _ = try await session.api.answer(.delete("/api/v1/ssh/password"))
                return try session.output.done("Taken away.")
            }
            let password = try Prompt.secret("Password for SSH, at least \(PasswordRule.shortest) characters")
            try PasswordRule.check(password)
            if Prompt.isPossible {
                guard try Prompt.secret("Again") == password else { throw WeirError.malformed("password", "the same text twice") }
            }
            _ = try await session.api.answer(.send(.put, "/api/v1/ssh/password", .object(["password": .string(password)])))
            try session.output.done("Set.")
        }
    }

    struct Fingerprints: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "fingerprints", abstract: "Show by what clients know the gateway, to compare at the first login.",
            discussion: "EXAMPLES:\n  weir ssh fingerprints\n  weir ssh fingerprints --known-hosts >> ~/.ssh/known_hosts")

        @Flag(help: "As lines for known_hosts.") var knownHosts = false
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.answer(.get("/api/v1/ssh"), as: Records.SSHGateway.self)
            let lines = answer.value.hostKeys.map { key in
                knownHosts ? "\(answer.value.knownHost) \(key.publicKey)" : "\(key.bits) \(key.fingerprint) (\(key.kind))"
            }
            let text = lines.joined(separator: "\n")
            try session.output.done(text, json: answer.json, identifier: text)
        }
    }

    struct Attempts: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "attempts", abstract: "The newest attempts to log in as you over SSH.",
            discussion: "EXAMPLES:\n  weir ssh attempts")

        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.list(.get("/api/v1/ssh/attempts"), of: Records.SSHAttempt.self)
            let table = Table(.text("AT"), .text("FROM"), .text("BY"), .text("OUTCOME"), .text("USER"))
            try session.output.list(answer, table, identifier: \.user) {
                [$0.at.short, $0.source, $0.method, $0.outcome, $0.user]
            }
        }
    }
}

/// Finding the lines of an environment, and becoming ssh.
enum SSHLookUp {
    static func environment(
        _ name: String, _ choice: ProjectOptions, _ session: ClientSession
    ) async throws -> Answer<Records.SSHAddress> {
        let workload = try await session.workload(.environment, name, in: choice)
        return try await session.api.answer(.get("/api/v1/workloads/\(workload.id)/ssh"), as: Records.SSHAddress.self)
    }

    /// Returns only when the program cannot be run.
    static func become(_ arguments: [String]) throws -> any Error {
        let argv = arguments.map { strdup($0) } + [nil]
        execvp(arguments[0], argv)
        for text in argv { free(text) }
        return WeirError.malformed("ssh", "the program \(arguments[0]) on this machine")
    }
}
