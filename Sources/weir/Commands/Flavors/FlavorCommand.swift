import ArgumentParser
import WeirModel

struct FlavorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flavor", abstract: "Resource specifications and their prices.",
        subcommands: [
            List.self, Kinds.self, Show.self, FlavorSuggest.self, FlavorCreate.self, FlavorSet.self, Retire.self, Restore.self,
            Order.self, History.self,
        ])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the flavors that can be chosen.",
            discussion: "EXAMPLES:\n  weir flavor list\n  weir flavor list --kind nvidia.com/gpu --class P1", aliases: ["ls"])

        @Option(help: "Only those with this kind of accelerator, as nvidia.com/gpu.") var kind: String?
        @Option(name: .customLong("class"), help: "Only those of this accelerator class, as P1.") var accelerator: String?
        @Option(help: "Only those of this resource group.") var group: String?
        @Flag(help: "Also those that were retired.") var retired = false
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let query: [(name: String, value: String?)] = [
                ("kind", kind), ("class", accelerator), ("group", group), ("retired", retired ? "true" : nil),
            ]
            let answer = try await session.api.list(.get("/api/v1/flavors", query), of: Records.FlavorOffer.self)
            try session.output.list(answer, FlavorTable.make(), identifier: \.name, row: FlavorTable.row)
        }
    }

    struct Kinds: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the kinds and classes of accelerators: choose one, then a flavor of it (QUO-02).",
            discussion: "EXAMPLES:\n  weir flavor kinds")

        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.list(.get("/api/v1/accelerators"), of: Records.AcceleratorOffer.self)
            let table = Table(.text("KIND"), .text("CLASS"), .number("DEVICES"), .number("MEMORY"), .text("FLAVORS"))
            try session.output.list(answer, table, identifier: { $0.kind ?? "none" }) {
                [
                    ($0.kind ?? "none") + ($0.simulated ? " (simulated)" : ""), $0.class ?? "", $0.kind == nil ? "" : "\($0.devices)",
                    $0.memory.map(Phrase.size) ?? "", $0.flavors.joined(separator: ", "),
                ]
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one flavor.", discussion: "EXAMPLES:\n  weir flavor show cpu-small")

        @Argument(help: "Its name.") var name: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.answer(.get("/api/v1/flavors/\(name)"), as: Records.FlavorOffer.self)
            try session.output.details(answer, identifier: \.name) { flavor in
                [
                    ("name", flavor.name), ("cores", Phrase.thousandths(flavor.cpu)), ("memory", Phrase.size(flavor.memory)),
                    ("scratch", Phrase.size(flavor.scratch)), ("processes", "\(flavor.processes)"),
                    ("GPU", flavor.gpu.map(FlavorTable.gpu)), ("longest run", flavor.longestRun.map { Phrase.span(seconds: $0) }),
                    ("resource group", flavor.group), ("preemptible", flavor.preemptible ? "yes" : "no"),
                    ("points an hour", flavor.pricePerHour ?? "no price: jobs and services are refused"),
                    ("refused for want of a price", flavor.unpriced.joined(separator: ", ")),
                    ("retired", flavor.retiredAt?.short), ("from the configuration", flavor.isFromFile ? "yes" : "no"),
                ]
            }
        }
    }

    struct Retire: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take a flavor from the list, for the operator; what runs under it goes on.",
            discussion: "EXAMPLES:\n  weir flavor retire cpu-small")

        @Argument(help: "Its name.") var name: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/flavors/\(name)/retire"), as: Records.FlavorOffer.self)
            try session.output.done("\(name) cannot be chosen any more.", json: answer.json, identifier: name)
        }
    }

    struct Restore: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put a retired flavor back, for the operator.", discussion: "EXAMPLES:\n  weir flavor restore cpu-small")

        @Argument(help: "Its name.") var name: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.answer(
                .send(.post, "/api/v1/flavors/\(name)/restore"), as: Records.FlavorOffer.self)
            try session.output.done("\(name) can be chosen again.", json: answer.json, identifier: name)
        }
    }

    struct Order: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say which flavors stand first, for the operator; the others follow as they were.",
            discussion: "EXAMPLES:\n  weir flavor order cpu-small gpu-half gpu-full")

        @Argument(help: "Names, the first first.") var names: [String]
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let body = JSONValue.members(["names": .array(names.map { .string($0) })])
            let answer = try await session.api.answer(.send(.put, "/api/v1/flavor-order", body))
            try session.output.done("Ordered.", json: answer)
        }
    }

    struct History: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show who changed a flavor, the newest first.", discussion: "EXAMPLES:\n  weir flavor history cpu-small")

        @Argument(help: "Its name.") var name: String
        @OptionGroup var global: GlobalOptions

        func perform(in session: ClientSession) async throws {
            let answer = try await session.api.list(.get("/api/v1/flavors/\(name)/changes"), of: Records.RuleChange.self)
            let table = Table(.text("AT"), .text("BY"), .text("BEFORE"), .text("AFTER"))
            try session.output.list(answer, table, identifier: \.subject) {
                [$0.at.short, $0.by?.login ?? "configuration", $0.before ?? "none", $0.after ?? "none"]
            }
        }
    }
}

enum FlavorTable {
    static func make() -> Table {
        Table(
            .text("NAME"), .number("CORES"), .number("MEMORY"), .number("SCRATCH"), .text("GPU"), .text("LONGEST RUN"),
            .number("POINTS/H"), .text("NOTE"))
    }

    static func row(_ flavor: Records.FlavorOffer) -> [String] {
        let notes = [
            flavor.group == "default" ? nil : "group \(flavor.group)", flavor.preemptible ? "preemptible" : nil,
            flavor.retiredAt == nil ? nil : "retired",
        ]
        return [
            flavor.name, Phrase.thousandths(flavor.cpu), Phrase.size(flavor.memory), Phrase.size(flavor.scratch),
            flavor.gpu.map(gpu) ?? "", flavor.longestRun.map { Phrase.span(seconds: $0) } ?? "", flavor.pricePerHour ?? "no price",
            notes.compactMap { $0 }.joined(separator: ", "),
        ]
    }

    static func gpu(_ gpu: Records.Flavor.GPU) -> String {
        "\(Phrase.thousandths(gpu.compute)) × \(gpu.class.map { "\($0) " } ?? "")\(gpu.kind), \(Phrase.size(gpu.memory))"
    }
}
