/// Checks of what a person asks a workload to be.
public enum WorkloadRules {
    public static let mostReplicas = 16
    public static let longestCommand = 16_384
    public static let mostVariables = 64

    /// At most three datasets and three models, each once (DAT-10, MOD-07).
    public static func checkMounts<ID: Hashable>(_ versions: [ID], field: String) throws(WeirError) {
        guard versions.count <= ContainerPaths.mostMounts else {
            throw .tooManyMounts(field, rule: field == "models" ? "MOD-07" : "DAT-10")
        }
        guard Set(versions).count == versions.count else { throw .malformed(field, "each at most once") }
    }

    public static func command(_ text: String) throws(WeirError) -> String {
        guard !text.allSatisfy(\.isWhitespace) else { throw .missing("command") }
        guard text.utf8.count <= longestCommand, !text.utf8.contains(0) else {
            throw .tooLong("command", limit: longestCommand)
        }
        return text
    }

    /// What an environment runs when nobody uses it; nil for nothing.
    public static func hook(_ text: String) throws(WeirError) -> String? {
        guard !text.allSatisfy(\.isWhitespace) else { return nil }
        guard text.utf8.count <= longestCommand, !text.utf8.contains(0) else {
            throw .tooLong("on_idle", limit: longestCommand)
        }
        return text
    }

    public static func variables(_ variables: [String: String]) throws(WeirError) -> [String: String] {
        guard variables.count <= mostVariables else { throw .malformed("variables", "at most \(mostVariables)") }
        for (name, value) in variables {
            let bytes = name.utf8
            guard let first = bytes.first, first == 95 || (65...90).contains(first) || (97...122).contains(first),
                bytes.allSatisfy({ $0 == 95 || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) }),
                bytes.count <= 128, value.utf8.count <= 8192, !value.utf8.contains(0)
            else { throw .malformed("variables", "names of letters, digits and _, values of at most 8192 bytes") }
        }
        return variables
    }

    public static func port(_ port: Int) throws(WeirError) -> Int {
        guard (1...65_535).contains(port) else { throw .malformed("port", "1 to 65535", rule: "INF-09") }
        return port
    }

    public static func replicas(_ count: Int) throws(WeirError) -> Int {
        guard (1...mostReplicas).contains(count) else {
            throw .malformed("replicas", "1 to \(mostReplicas)", rule: "INF-03")
        }
        return count
    }

    /// The duration after which a run is stopped; the flavor sets the ceiling (DEV-24, QUO-15).
    public static func timeLimit(_ seconds: Int?, flavor: Flavor, field: String) throws(WeirError) -> Int? {
        guard let seconds else { return flavor.longestRun }
        let ceiling = flavor.longestRun ?? 30 * 86_400
        guard (60...ceiling).contains(seconds) else {
            throw .malformed(field, "60 to \(ceiling) seconds with the flavor \(flavor.name)", rule: "DEV-24")
        }
        return seconds
    }

    /// A path below /gemini/output, given absolute or relative to it.
    public static func boardPath(_ path: String?) throws(WeirError) -> String {
        var relative = path ?? ""
        if relative.hasPrefix(ContainerPaths.output) { relative.removeFirst(ContainerPaths.output.count) }
        let parts = relative.split(separator: "/")
        guard relative.utf8.count <= 1024, !parts.contains(".."), !relative.utf8.contains(0) else {
            throw .malformed("path", "a folder below \(ContainerPaths.output)", rule: "DEV-31")
        }
        return ([ContainerPaths.output] + parts.map(String.init)).joined(separator: "/")
    }
}

extension WeirError {
    public static func tooManyMounts(_ field: String, rule: String) -> WeirError {
        WeirError(
            "too_many_mounts", .invalid, subject: field, rule: rule,
            LocalizedText(
                "At most \(ContainerPaths.mostMounts) \(field) can be mounted at once.",
                zh: "最多同时挂载 \(ContainerPaths.mostMounts) 个（\(field)）。"))
    }
}
