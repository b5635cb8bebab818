import WeirModel
import Yams

extension ValueForm where Value == [Flavor] {
    /// A list of mappings, each a flavor.
    static let flavors = ValueForm(
        structured: "a list of flavors",
        read: { node throws(ConfigurationProblem) in
            guard case .sequence(let items) = node, !items.isEmpty else { return nil }
            var flavors: [Flavor] = []
            for (index, item) in items.enumerated() {
                let flavor = try FlavorReader(item, path: "flavors[\(index)]").flavor()
                guard !flavors.contains(where: { $0.name == flavor.name }) else {
                    throw ConfigurationProblem(
                        key: "flavors[\(index)].name", line: item.mark?.line,
                        reason: "two flavors are called \"\(flavor.name)\"")
                }
                flavors.append(flavor)
            }
            return flavors
        },
        write: { $0.map(\.name).joined(separator: ", ") })
}

private struct FlavorReader {
    static let members = [
        "name", "cpu", "memory", "scratch", "processes", "gpu", "longest_run", "group", "preemptible", "price_per_hour",
    ]
    static let gpuMembers = ["kind", "class", "count", "memory"]

    let reader: MappingReader

    init(_ node: Node, path: String) throws(ConfigurationProblem) {
        reader = try MappingReader(node, path: path, members: Self.members)
    }

    func flavor() throws(ConfigurationProblem) -> Flavor {
        let flavor = Flavor(
            name: try reader.need("name", .word),
            cpu: Int((try reader.need("cpu", .number(0.1...1024)) * 1000).rounded()),
            memory: try reader.need("memory", .size),
            scratch: try reader.need("scratch", .size),
            processes: try reader.take("processes", .count(16...1_000_000)) ?? 1024,
            gpu: try gpu(),
            longestRun: try reader.take("longest_run", .duration).map { Int($0.components.seconds) },
            group: try reader.take("group", .word),
            isPreemptible: try reader.take("preemptible", ValueForm<Configuration.Switch>.choice()) == .on,
            pricePerHour: try reader.need("price_per_hour", .points))
        if let problem = flavor.problems.first { throw reader.problem(problem.message.en) }
        return flavor
    }

    private func gpu() throws(ConfigurationProblem) -> GPUShare? {
        guard let node = reader.node("gpu") else { return nil }
        let part = try MappingReader(node, path: "\(reader.path).gpu", members: Self.gpuMembers)
        return GPUShare(
            kind: try part.take("kind", .deviceKind) ?? "nvidia.com/gpu",
            compute: Int((try part.need("count", .number(0.001...64)) * 1000).rounded()),
            memory: try part.need("memory", .size), accelerator: try part.take("class", .grade)?.description)
    }
}
