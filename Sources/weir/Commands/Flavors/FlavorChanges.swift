import ArgumentParser
import WeirModel

struct FlavorCreate: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Add a flavor, for the operator.",
        discussion: """
            With --price it is priced from now on; without, `no_price` refuses what is started under it until a price list names it.

            EXAMPLES:
              weir flavor create gpu-half --cores 8 --memory 64GiB --scratch 100GiB --gpus 0.5 --gpu-memory 40GiB --class P1 --price 5
            """)

    @Argument(help: "Its name: letters, digits and hyphens.") var name: String
    @OptionGroup var parts: FlavorParts
    @Option(help: "Points an hour.") var price: AmountArgument?
    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard parts.cores != nil, parts.memory != nil else { throw ValidationError("--cores and --memory are needed.") }
    }

    func perform(in session: ClientSession) async throws {
        var body = try parts.members(instead: nil)
        body["name"] = .string(name)
        body["price_per_hour"] = price.map(\.json)
        let answer = try await session.api.answer(.send(.post, "/api/v1/flavors", .members(body)), as: Records.FlavorOffer.self)
        let refused = answer.value.unpriced.joined(separator: ", ")
        try session.output.done(
            refused.isEmpty
                ? "\(name) can be chosen."
                : "\(name) can be chosen; without a price it is refused for: \(refused). See weir tariff publish.",
            json: answer.json, identifier: name)
    }
}

struct FlavorSet: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a flavor, for the operator; what is not named stays.",
        discussion: """
            What runs or waits keeps what it was started with; the price is the price list's (weir tariff publish).

            EXAMPLES:
              weir flavor set gpu-half --memory 96GiB --longest-run 24h
            """)

    @Argument(help: "Its name.") var name: String
    @OptionGroup var parts: FlavorParts
    @OptionGroup var global: GlobalOptions

    func perform(in session: ClientSession) async throws {
        let before = try await session.api.answer(.get("/api/v1/flavors/\(name)"), as: Records.FlavorOffer.self).value
        let body = JSONValue.members(try parts.members(instead: before))
        let answer = try await session.api.answer(.send(.put, "/api/v1/flavors/\(name)", body), as: Records.FlavorOffer.self)
        try session.output.done("\(name) is changed for what starts from now on.", json: answer.json, identifier: name)
    }
}

/// The parts of a flavor.
struct FlavorParts: ParsableArguments {
    @Option(help: "Cores, as 1.5.") var cores: LimitArgument<Thousandths>?
    @Option(help: "Memory, as 64GiB.") var memory: LimitArgument<SizeArgument>?
    @Option(help: "Temporary storage, as 100GiB; 10GiB when left out.") var scratch: LimitArgument<SizeArgument>?
    @Option(help: "Most processes and threads; 1024 when left out.") var processes: LimitArgument<Int64>?
    @Option(help: "GPUs: a part of one, as 0.25, or whole ones; none for no GPU.") var gpus: LimitArgument<Thousandths>?
    @Option(help: "Memory of each GPU, as 40GiB.") var gpuMemory: LimitArgument<SizeArgument>?
    @Option(help: "CDI kind of the GPU; nvidia.com/gpu when left out.") var kind: String?
    @Option(name: .customLong("class"), help: "Accelerator class, as P1; none for any.") var accelerator: String?
    @Option(help: "The longest run, as 12h; none for no limit.") var longestRun: String?
    @Option(help: "Resource group.") var group: String?
    @Flag(inversion: .prefixedNo, help: "What runs under it may be stopped with notice, and waits again.") var preemptible: Bool?

    func validate() throws {
        guard longestRun.map({ $0 == "none" || BriefDuration(argument: $0) != nil }) ?? true else {
            throw ValidationError("--longest-run is a duration as 12h, or none.")
        }
    }

    func members(instead before: Records.FlavorOffer?) throws -> [String: JSONValue?] {
        let compute = gpus.map(\.amount) ?? before?.gpu.map { Int64($0.compute) }
        var gpu: JSONValue?
        if let compute {
            let name = accelerator ?? before?.gpu?.class
            gpu = .members([
                "kind": .string(kind ?? before?.gpu?.kind ?? "nvidia.com/gpu"),
                "class": name.flatMap { $0 == "none" ? nil : .string($0) }, "compute": .integer(compute),
                "memory": .integer(gpuMemory?.amount ?? before?.gpu.map { Int64($0.memory) } ?? 0),
            ])
        }
        let longest =
            longestRun.map { $0 == "none" ? nil : BriefDuration(argument: $0)?.seconds } ?? before?.longestRun.map(Int64.init)
        return [
            "cpu": (cores?.amount ?? before.map { Int64($0.cpu) }).map { .integer($0) },
            "memory": (memory?.amount ?? before.map { Int64($0.memory) }).map { .integer($0) },
            "scratch": .integer(scratch?.amount ?? before.map { Int64($0.scratch) } ?? 10 << 30),
            "processes": .integer(processes?.amount ?? before.map { Int64($0.processes) } ?? 1024), "gpu": gpu,
            "longest_run": longest.map { .integer($0) }, "group": (group ?? before?.group).map { .string($0) },
            "preemptible": .bool(preemptible ?? before?.preemptible ?? false),
        ]
    }
}
