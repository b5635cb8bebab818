import Yams

/// Reads the members of one mapping of a structured value, and refuses by name what it does not know.
struct MappingReader {
    private let mapping: Node.Mapping
    let path: String
    private let line: Int?

    init(_ node: Node, path: String, members: [String]) throws(ConfigurationProblem) {
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

    func node(_ name: String) -> Node? { mapping[name] }

    func need<Value>(_ name: String, _ form: ValueForm<Value>) throws(ConfigurationProblem) -> Value {
        guard let value = try take(name, form) else {
            throw ConfigurationProblem(
                key: "\(path).\(name)", line: line, reason: "is missing: expected \(form.expected)")
        }
        return value
    }

    func take<Value>(_ name: String, _ form: ValueForm<Value>) throws(ConfigurationProblem) -> Value? {
        guard let node = mapping[name] else { return nil }
        guard let value = try form.read(node) else {
            throw ConfigurationProblem(
                key: "\(path).\(name)", line: node.mark?.line, value: node.scalar?.string,
                reason: "expected \(form.expected)")
        }
        return value
    }

    /// What is wrong with the whole of it.
    func problem(_ reason: String) -> ConfigurationProblem { ConfigurationProblem(key: path, line: line, reason: reason) }
}
