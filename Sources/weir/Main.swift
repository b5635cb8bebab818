import ArgumentParser
import Foundation

/// `weir serve` is the server; every other command is a client of its API.
struct Weir: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir", abstract: "Pools AI compute and meters it out to many teams.",
        discussion: """
            EXAMPLES:
              weir serve --data ./weir-data
              weir login http://127.0.0.1:8080 --name operator
              weir workspace create vision --use && weir project create digits --use
              weir project code upload ./code
              weir job submit train --dataset digits --follow -- python train.py

            Exit codes: 0 done, 1 failed, 2 not valid, 3 not logged in, 4 not allowed, 5 not found, 6 conflict,
            7 server not reached, 8 the workload failed. `weir --version` tells the version of this program.
            """,
        groupedSubcommands: [
            CommandGroup(
                name: "Accounts",
                subcommands: [
                    Login.self, Logout.self, WhoAmI.self, Password.self, TokenCommand.self, AccountCommand.self,
                ]),
            CommandGroup(
                name: "Tenants", subcommands: [WorkspaceCommand.self, ProjectCommand.self, QuotaCommand.self, RecordsCommand.self]),
            CommandGroup(
                name: "Libraries",
                subcommands: [
                    AssetCommand<DatasetNoun>.self, AssetCommand<ModelNoun>.self, ImageCommand.self, FlavorCommand.self,
                ]),
            CommandGroup(
                name: "Workloads",
                subcommands: [
                    EnvironmentCommand.self, JobCommand.self, ServiceCommand.self, BoardCommand.self, ListCommand.self,
                    QueueCommand.self, WhyCommand.self, IdleCommand.self, EventsCommand.self,
                ]),
            CommandGroup(name: "SSH and SFTP", subcommands: [SSHCommand.self, SSHKeyCommand.self]),
            CommandGroup(
                name: "Money",
                subcommands: [
                    BalanceCommand.self, QuoteCommand.self, BillCommand.self, SpendingCommand.self, WhyChargedCommand.self,
                    LedgerCommand.self, RechargeCommand.self, VoucherCommand.self, TariffCommand.self, BudgetCommand.self,
                    InvoiceCommand.self, NoticesCommand.self, StorageCommand.self,
                ]),
            CommandGroup(
                name: "Installation",
                subcommands: [
                    Serve.self, OperatorCommand.self, DoctorCommand.self, ConfigCommand.self, ZoneCommand.self, ReplayCommand.self,
                    HistoryCommand.self,
                    SimulateCommand.self,
                ]),
        ])
}

extension Weir {
    /// The version is told to whoever asks for nothing else. ArgumentParser would tell it wherever that word stands, and do nothing of what
    /// the rest of the line says: `weir dataset rm digits --version 1` would end well and delete nothing.
    static func command(_ arguments: [String]) throws -> any ParsableCommand {
        guard arguments != ["--version"] else { throw CleanExit.message(WeirVersion.text) }
        return try parseAsRoot(arguments)
    }
}

@main
enum Main {
    static func main() async {
        do {
            var command = try Weir.command(Array(CommandLine.arguments.dropFirst()))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            exit(Ending.tell(error).rawValue)
        }
    }
}

/// The end of a command that did not end by itself: a request for help, a wrong command line, an error.
enum Ending {
    static func tell(_ error: any Error) -> ExitCode {
        if let code = error as? ExitCode { return code }
        if let refused = error as? ConfigurationRefused {
            Output.warn("\(refused)")
            return ExitCode(ExitStatus.usage.rawValue)
        }
        let code = Weir.exitCode(for: error)
        let message = Weir.fullMessage(for: error)
        guard code != .success else {
            print(message)
            return code
        }
        if !message.isEmpty { Output.warn(message) }
        return code == .validationFailure ? ExitCode(ExitStatus.usage.rawValue) : ExitCode(ExitStatus.failed.rawValue)
    }
}
