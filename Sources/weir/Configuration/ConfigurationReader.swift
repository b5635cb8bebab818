import Foundation
import Yams

/// Puts a configuration together: defaults, then the file, then the environment, then flags; what comes later is stronger.
struct ConfigurationReader {
    /// Variables that begin like a key but belong to the client or to the tests.
    static let clientVariables: Set<String> = [
        "WEIR_SERVER", "WEIR_TOKEN", "WEIR_LANG", "WEIR_WORKSPACE", "WEIR_PROJECT", "WEIR_CONFIG",
    ]
    static let testPrefix = "WEIR_TEST_"

    private(set) var configuration = Configuration()
    private(set) var problems: [ConfigurationProblem] = []

    /// Reads everything that there is to read.
    ///
    /// - Parameters:
    ///   - file: path of a YAML file; nil reads none.
    ///   - environment: the variables of the process.
    ///   - flags: keys and values as they were given, the strongest last.
    /// - Throws: ``ConfigurationRefused`` with every problem that was found.
    static func read(
        file: String?, environment: [String: String], flags: [(key: String, value: String)]
    ) throws(ConfigurationRefused) -> Configuration {
        var reader = ConfigurationReader()
        if let file { reader.read(file: file) }
        reader.read(environment: environment)
        reader.read(flags: flags)
        reader.problems += reader.configuration.contradictions()
        guard reader.problems.isEmpty else { throw ConfigurationRefused(problems: reader.problems) }
        return reader.configuration
    }

    mutating func read(file: String) {
        do {
            read(yaml: try String(contentsOfFile: file, encoding: .utf8), from: file)
        } catch {
            problems.append(ConfigurationProblem(key: "file", source: file, reason: "cannot be read"))
        }
    }

    mutating func read(yaml: String, from source: String) {
        do {
            guard let root = try Yams.compose(yaml: yaml) else { return }
            walk(root, path: "", source: source)
        } catch {
            problems.append(ConfigurationProblem(key: "file", source: source, reason: "is not YAML: \(error)"))
        }
    }

    mutating func read(environment: [String: String]) {
        for (name, value) in environment.sorted(by: { $0.key < $1.key })
        where name.hasPrefix(ConfigurationKey.variablePrefix) && !Self.clientVariables.contains(name)
            && !name.hasPrefix(Self.testPrefix)
        {
            guard let key = ConfigurationKey.all.first(where: { $0.variable == name }) else {
                problems.append(.unknown(name, among: ConfigurationKey.all.map(\.variable), source: "environment"))
                continue
            }
            take(key, text: value, source: "environment variable \(name)")
        }
    }

    mutating func read(flags: [(key: String, value: String)]) {
        for (path, value) in flags {
            guard let key = ConfigurationKey.all.first(where: { $0.path == path }) else {
                problems.append(.unknown(path, among: ConfigurationKey.all.map(\.path), source: "flag"))
                continue
            }
            take(key, text: value, source: "flag \(path)")
        }
    }

    private mutating func walk(_ node: Node, path: String, source: String) {
        guard case .mapping(let mapping) = node else {
            problems.append(
                ConfigurationProblem(
                    key: path.isEmpty ? "file" : path, source: source, line: node.mark?.line,
                    value: node.scalar?.string, reason: "expected keys and values"))
            return
        }
        for (name, value) in mapping {
            let word = name.scalar?.string ?? "?"
            let full = path.isEmpty ? word : "\(path).\(word)"
            if let key = ConfigurationKey.all.first(where: { $0.path == full }) {
                take(key, node: value, source: source, line: value.mark?.line ?? name.mark?.line)
            } else if ConfigurationKey.all.contains(where: { $0.path.hasPrefix(full + ".") }) {
                walk(value, path: full, source: source)
            } else {
                problems.append(
                    .unknown(full, among: ConfigurationKey.all.map(\.path), source: source, line: name.mark?.line))
            }
        }
    }

    private mutating func take(_ key: ConfigurationKey, text: String, source: String) {
        guard key.isStructured else { return take(key, node: Node(text), source: source, line: nil) }
        guard let node = try? Yams.compose(yaml: text) else {
            problems.append(ConfigurationProblem(key: key.path, source: source, reason: "is not YAML"))
            return
        }
        take(key, node: node, source: source, line: nil)
    }

    private mutating func take(_ key: ConfigurationKey, node: Node, source: String, line: Int?) {
        do throws(ConfigurationProblem) {
            guard try key.put(node, &configuration) else {
                throw ConfigurationProblem(
                    key: key.path, line: line, value: node.scalar?.string, reason: "expected \(key.expected)")
            }
        } catch {
            var problem = error
            problem.source = source
            if line == nil { problem.line = nil }
            problems.append(problem)
        }
    }
}

extension ConfigurationProblem {
    /// A name that is no key, with the one that was probably meant.
    static func unknown(_ name: String, among known: [String], source: String, line: Int? = nil) -> ConfigurationProblem {
        let nearest = known.map { ($0, $0.editDistance(to: name)) }.min { $0.1 < $1.1 }
        let hint = nearest.flatMap { $0.1 <= max(2, name.count / 4) ? "; did you mean \($0.0)?" : nil }
        return ConfigurationProblem(
            key: name, source: source, line: line, reason: "there is no such key" + (hint ?? ""))
    }
}

extension String {
    /// How many characters must be put in, left out or changed to get from one text to the other.
    func editDistance(to other: String) -> Int {
        let target = Array(other)
        var row = Array(0...target.count)
        for (i, character) in enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, wanted) in target.enumerated() {
                let replaced = diagonal + (character == wanted ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = Swift.min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[target.count]
    }
}
