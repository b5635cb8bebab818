import ArgumentParser
import Foundation
import WeirModel

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "API tokens, by which programs act for you.",
        subcommands: [Create.self, List.self, Revoke.self])

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Create a token; its secret is shown this once.",
            discussion:
                "EXAMPLES:\n  weir token create laptop --expires-in 90d\n  WEIR_TOKEN=$(weir token create ci --quiet) …"
        )

        @Argument(help: "What it is for.") var name: String
        @Option(help: "How long it holds, as 90d; for ever when left out.") var expiresIn: BriefDuration?
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let end = expiresIn.map { SystemClock().now() + $0.duration }
            let body = JSONValue.members(["name": .string(name), "expires_at": end.map { .string("\($0)") }])
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/tokens", body), as: Records.TokenWithSecret.self)
            try session.output.done(
                "The token, shown this once: \(answer.value.secret)", json: answer.json, identifier: answer.value.secret
            )
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List your tokens.", discussion: "EXAMPLES:\n  weir token list", aliases: ["ls"])

        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.list(.get("/api/v1/tokens"), of: Records.Token.self)
            let table = Table(.text("NAME"), .text("CREATED"), .text("EXPIRES"), .text("ID"))
            try session.output.list(answer, table, identifier: \.id) {
                [$0.name, $0.createdAt.short, $0.expiresAt?.short ?? "never", $0.id]
            }
        }
    }

    struct Revoke: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a token worthless.", discussion: "EXAMPLES:\n  weir token revoke laptop")

        @Argument(help: "Name or id.") var token: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let api = try session.api
            let tokens = try await api.list(.get("/api/v1/tokens"), of: Records.Token.self).value
            guard let found = tokens.first(where: { $0.id == token || $0.name.sameName(as: token) }) else {
                throw WeirError.noneCalled("token", token)
            }
            _ = try await api.answer(.delete("/api/v1/tokens/\(found.id)"))
            try session.output.done("Revoked.", identifier: found.id)
        }
    }
}

/// A duration on the command line: `30m`, `12h`, `7d`.
struct BriefDuration: ExpressibleByArgument, Sendable {
    let duration: Duration

    init?(argument: String) {
        guard let duration = Duration(brief: argument) else { return nil }
        self.duration = duration
    }

    var seconds: Int64 { duration.components.seconds }
}
