import ArgumentParser
import Foundation
import WeirModel

struct TariffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tariff", abstract: "Price lists: each holds for what starts from its date on.",
        subcommands: [Show.self, List.self, Publish.self])

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the prices that hold now; --json is what `publish` takes, with another date.",
            discussion: "EXAMPLES:\n  weir tariff show\n  weir tariff show --json > tariff.json")

        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.answer(.get("/api/v1/tariff"), as: Records.Tariff.self)
            let json = answer.json
            try session.output.details(answer, identifier: { "\($0.number)" }) { tariff in
                func price(_ group: String, _ name: String) -> String? { json[group]?[name]?.text }
                return [
                    ("price list", "\(tariff.number), since \(tariff.startsAt.short)"),
                    ("flavors, an hour", tariff.flavors.map { "\($0.pricePerHour)  \($0.flavor)" }.joined(separator: "\n")),
                    ("environments: a core", price("environment", "cpu_core")),
                    ("environments: a GiB of memory", price("environment", "memory_gib")),
                    ("environments: a GiB of scratch", price("environment", "scratch_gib")),
                    ("boards: a core", price("board", "cpu_core")), ("boards: a GiB of memory", price("board", "memory_gib")),
                    ("storage: a GB for a day", price("storage", "per_gb_day")),
                ]
            }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List all price lists, also those to come (BIL-06).", discussion: "EXAMPLES:\n  weir tariff list",
            aliases: ["ls"])

        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.list(.get("/api/v1/tariffs"), of: Records.Tariff.self)
            let table = Table(.number("NUMBER"), .text("FROM"), .text("FLAVORS, POINTS/H"))
            try session.output.list(answer, table, identifier: { "\($0.number)" }) { tariff in
                [
                    "\(tariff.number)", tariff.startsAt.short,
                    tariff.flavors.map { "\($0.flavor) \($0.pricePerHour)" }.joined(separator: ", "),
                ]
            }
        }
    }

    struct Publish: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Publish the next price list, for the operator; what runs keeps its price (BIL-06).",
            discussion: """
                The file is what `weir tariff show --json` prints; its number is given by Weir.

                EXAMPLES:
                  weir tariff publish tariff.json --from 2027-01-01T00:00:00+08:00
                """)

        @Argument(help: "JSON of the price list.") var file: String
        @Option(name: .customLong("from"), help: "When it begins to hold; else what the file says.") var from: String?
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            guard let data = FileManager.default.contents(atPath: file),
                case .object(var members)? = try? JSONDecoder().decode(JSONValue.self, from: data)
            else { throw WeirError.unreadableFile(file) }
            members["number"] = nil
            if let from { members["starts_at"] = .string(from) }
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/tariffs", .object(members)), as: Records.Tariff.self)
            try session.output.done(
                "Price list \(answer.value.number) holds from \(answer.value.startsAt.short) on.", json: answer.json,
                identifier: "\(answer.value.number)")
        }
    }
}
