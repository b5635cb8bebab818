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

/// Reads one flavor, and refuses by name what it does not know.
private struct FlavorReader {
    static let members = ["name", "cpu", "memory", "scratch", "processes", "gpu", "longest_run", "price_per_hour"]
    static let gpuMembers = ["kind", "count", "memory"]

    let mapping: Node.Mapping
    let path: String
    let line: Int?

    init(_ node: Node, path: String, members: [String] = members) throws(ConfigurationProblem) {
        guard case .mapping(let mapping) = node else {
            throw ConfigurationProblem(key: path, line: node.mark?.line, reason: "expected a mapping")
        }
        self.mapping = mapping
        self.path = path
        self.line = node.mark?.line
        for (key, _) in mapping {
            guard let name = key.scalar?.string, members.contains(name) else {
                throw ConfigurationProblem(
                    key: "\(path).\(key.scalar?.string ?? "?")", line: key.mark?.line,
                    reason: "there is no such key; there are \(members.joined(separator: ", "))")
            }
        }
    }

    func flavor() throws(ConfigurationProblem) -> Flavor {
        Flavor(
            name: try need("name", .word),
            cpu: Int((try need("cpu", .number(0.1...1024)) * 1000).rounded()),
            memory: try need("memory", .size),
            scratch: try need("scratch", .size),
            processes: try take("processes", .count(16...1_000_000)) ?? 1024,
            gpu: try gpu(),
            longestRun: try take("longest_run", .duration).map { Int($0.components.seconds) },
            pricePerHour: try need("price_per_hour", .points))
    }

    private func gpu() throws(ConfigurationProblem) -> GPUShare? {
        guard let node = mapping["gpu"] else { return nil }
        let part = try FlavorReader(node, path: "\(path).gpu", members: Self.gpuMembers)
        return GPUShare(
            kind: try part.take("kind", .host) ?? "nvidia.com/gpu",
            compute: Int((try part.need("count", .number(0.001...64)) * 1000).rounded()),
            memory: try part.need("memory", .size))
    }

    private func need<Value>(_ name: String, _ form: ValueForm<Value>) throws(ConfigurationProblem) -> Value {
        guard let value = try take(name, form) else {
            throw ConfigurationProblem(
                key: "\(path).\(name)", line: line, reason: "is missing: expected \(form.expected)")
        }
        return value
    }

    private func take<Value>(_ name: String, _ form: ValueForm<Value>) throws(ConfigurationProblem) -> Value? {
        guard let node = mapping[name] else { return nil }
        guard let value = try form.read(node) else {
            throw ConfigurationProblem(
                key: "\(path).\(name)", line: node.mark?.line, value: node.scalar?.string,
                reason: "expected \(form.expected)")
        }
        return value
    }
}
