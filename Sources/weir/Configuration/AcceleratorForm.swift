import WeirModel
import Yams

extension ValueForm where Value == AcceleratorGrade {
    static let grade = ValueForm("B, S or P and a number from 1 to 99, as P1", parse: { AcceleratorGrade($0) })
}

extension ValueForm where Value == String {
    static let deviceKind = ValueForm("a CDI kind, as nvidia.com/gpu") { $0.isDeviceKind ? $0 : nil }
}

extension ValueForm where Value == [String] {
    /// A list, or one text.
    static let patterns = ValueForm(
        structured: "a list of model names, with * for any text",
        read: { node throws(ConfigurationProblem) in
            let texts: [String?] =
                switch node {
                case .scalar(let scalar): [scalar.string]
                case .sequence(let items): items.map { $0.scalar?.string }
                default: [nil]
                }
            let patterns = texts.compactMap { $0 }.filter { !$0.isEmpty }
            return patterns.count == texts.count ? patterns : nil
        }, write: { $0.joined(separator: ", ") })
}

extension ValueForm where Value == [AcceleratorClass] {
    static let acceleratorClasses = ValueForm(
        structured: "a list of classes, or empty",
        read: { node throws(ConfigurationProblem) in
            guard let items = node.listItems else { return nil }
            var classes: [AcceleratorClass] = []
            for (index, item) in items.enumerated() {
                let reader = try MappingReader(
                    item, path: "accelerators[\(index)]", members: ["class", "kind", "models", "memory"])
                let own = AcceleratorClass(
                    name: try reader.need("class", .grade), kind: try reader.take("kind", .deviceKind) ?? "nvidia.com/gpu",
                    models: try reader.take("models", .patterns) ?? [], memory: try reader.take("memory", .size))
                guard !classes.contains(where: { $0.name == own.name && $0.kind == own.kind }) else {
                    throw reader.problem("two classes of \(own.kind) are called \(own.name)")
                }
                classes.append(own)
            }
            return classes
        }, write: { $0.map { "\($0.name)" }.joined(separator: ", ") })
}

extension ValueForm where Value == [SimulatedAccelerators] {
    static let simulatedAccelerators = ValueForm(
        structured: "a list of simulated accelerators, or empty",
        read: { node throws(ConfigurationProblem) in
            guard let items = node.listItems else { return nil }
            var declared: [SimulatedAccelerators] = []
            for (index, item) in items.enumerated() {
                let reader = try MappingReader(
                    item, path: "simulated_accelerators[\(index)]", members: ["class", "count", "memory"])
                declared.append(
                    SimulatedAccelerators(
                        name: try reader.need("class", .grade), count: try reader.need("count", .count(1...1024)),
                        memory: try reader.need("memory", .size)))
            }
            return declared
        }, write: { $0.map { "\($0.count) × \($0.name)" }.joined(separator: ", ") })
}

extension Node {
    /// The items of a list; none for an empty text, nil for anything else.
    fileprivate var listItems: [Node]? {
        switch self {
        case .sequence(let items): Array(items)
        case .scalar(let scalar) where scalar.string.isEmpty: []
        default: nil
        }
    }
}
