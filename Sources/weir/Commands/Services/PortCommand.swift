import ArgumentParser
import WeirModel

struct PortCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "port", abstract: "The external port of a service (INF-04).",
        subcommands: [Show.self, Open.self, Close.self], defaultSubcommand: Show.self)

    static func details(_ port: Records.Port) -> [(name: String, value: String?)] {
        [
            ("address", port.url ?? port.address), ("TLS", port.tls && port.url == nil ? "callers speak TLS to it" : nil),
            ("opened", port.openedAt.short),
            ("released", "\(port.releasedAt.short) unless it is called"),
            ("calls", "\(port.requests), \(port.errors) of them failed"),
        ]
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the address and the calls.",
            discussion: "EXAMPLES:\n  weir service port show digits --quiet")

        @Argument(help: "Name or id of the service.") var name: String
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.service, name, in: choice)
            let answer = try await session.api.answer(
                .get("/api/v1/workloads/\(workload.id)/port"), as: Records.Port.self)
            try session.output.details(answer, identifier: \.address, PortCommand.details)
        }
    }

    struct Open: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Open the external port, or show the one that is open.",
            discussion: "EXAMPLES:\n  weir service port open digits --sign")

        @Argument(help: "Name or id of the service.") var name: String
        @Flag(help: "Sign the commitment for opening ports, which you have read (INF-06).") var sign = false
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.service, name, in: choice)
            if sign { try await ServiceCommand.Commitment.sign(choice.workspace, session) }
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/workloads/\(workload.id)/port"), as: Records.Port.self)
            try session.output.details(answer, identifier: \.address, PortCommand.details)
        }
    }

    struct Close: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Close the external port; the next one has another number.",
            discussion: "EXAMPLES:\n  weir service port close digits")

        @Argument(help: "Name or id of the service.") var name: String
        @OptionGroup var choice: ProjectOptions
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let workload = try await session.workload(.service, name, in: choice)
            _ = try await session.api.answer(.delete("/api/v1/workloads/\(workload.id)/port"))
            try session.output.done("Closed.", identifier: workload.id)
        }
    }
}
