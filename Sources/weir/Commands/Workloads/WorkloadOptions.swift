import ArgumentParser
import WeirModel

/// What every workload is made of.
struct WorkloadOptions: ParsableArguments {
    @Option(help: "Image: reference, its last part, or id.") var image = "notebook"
    @Option(help: "Flavor; the first of `weir flavor list` when left out.") var flavor: String?
    @Option(help: "What it is for.") var description: String?
    @Option(help: "How soon its turn comes when it has to wait: low, normal or high.") var priority: PriorityArgument?

    /// What every kind sends.
    func members(_ name: String, _ choice: ProjectOptions, _ session: ClientSession) async throws -> [String:
        JSONValue?]
    {
        var flavor = flavor
        if flavor == nil {
            flavor = try await session.api.list(.get("/api/v1/flavors"), of: Records.Flavor.self).value.first?.name
        }
        return [
            "name": .string(name), "image": .string(try await session.image(image, in: choice.workspace)),
            "flavor": flavor.map { .string($0) }, "description": description.map { .string($0) },
            "priority": priority.map { .string($0.rawValue) },
        ]
    }
}

/// Who enters it, and whose home and netdisk it has.
struct AccessOptions: ParsableArguments {
    @Flag(help: "Everybody in the workspace enters it; it has a home and a netdisk of the workspace in place of yours.") var shared = false

    var members: [String: JSONValue?] { shared ? ["access": .string(WorkloadAccess.shared.rawValue)] : [:] }
}

/// What is mounted.
struct VersionOptions: ParsableArguments {
    @Option(
        name: .customLong("dataset"), help: "NAME or NAME@VERSION, at /gemini/data-1 to 3 in this order; three at most."
    )
    var datasets: [String] = []

    @Option(
        name: .customLong("model"),
        help: "NAME or NAME@VERSION, at /gemini/pretrain1 to 3 in this order; three at most.")
    var models: [String] = []

    func members(_ choice: ProjectOptions, _ session: ClientSession) async throws -> [String: JSONValue?] {
        try WorkloadRules.checkMounts(datasets, field: "datasets")
        try WorkloadRules.checkMounts(models, field: "models")
        return [
            "datasets": try await session.mounts(.dataset, datasets, in: choice.workspace),
            "models": try await session.mounts(.model, models, in: choice.workspace),
        ]
    }
}

/// What is mounted, and the variables.
struct MountOptions: ParsableArguments {
    @OptionGroup var versions: VersionOptions

    @Option(name: [.customShort("e"), .customLong("env")], help: "NAME=VALUE for the programs; can be given again.")
    var variables: [ConfigurationOptions.Setting] = []

    func members(_ choice: ProjectOptions, _ session: ClientSession) async throws -> [String: JSONValue?] {
        var members = try await versions.members(choice, session)
        members["variables"] = .object(variables.reduce(into: [:]) { $0[$1.key] = .string($1.value) })
        return members
    }
}

/// Words of a command line as one text for the shell, each word quoted where it has to be.
enum ShellCommand {
    /// A single word is a command line of its own: `'python train.py | tee log'`.
    static func line(_ words: [String]) -> String {
        words.count == 1 ? words[0] : words.map(quoted).joined(separator: " ")
    }

    private static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.allSatisfy { ($0.isASCII && ($0.isLetter || $0.isNumber)) || "_-./=:,@%+".contains($0) }
        return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
}

/// As `PriorityClass`.
enum PriorityArgument: String, CaseIterable, ExpressibleByArgument {
    case low, normal, high
}
