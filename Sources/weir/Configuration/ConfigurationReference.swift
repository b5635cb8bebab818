/// The keys as text: a table for the manual, and a file to start from.
enum ConfigurationReference {
    /// One row a key, in Markdown, as it stands in the manual.
    static var markdown: String {
        let head = ["| key | variable | value | default | what for |", "| --- | --- | --- | --- | --- |"]
        let rows = ConfigurationKey.all.map { key in
            let standard = key.standard.isEmpty ? "–" : "`\(key.standard)`"
            return "| `\(key.path)` | `\(key.variable)` | \(key.expected) | \(standard) | \(key.purpose) |"
        }
        return (head + rows).joined(separator: "\n")
    }

    /// For a terminal: `weir config reference` and the help of `weir serve`.
    static var text: String {
        ConfigurationKey.all.map { key in
            "\(key.path)\n    \(key.purpose)\n    Expected: \(key.expected)."
                + (key.standard.isEmpty ? "" : " Default: \(key.standard).") + " Variable: \(key.variable)."
        }.joined(separator: "\n")
    }

    /// A file with every key commented out at its default.
    static var file: String {
        var lines = ["# Weir's configuration. Every key is at its default; take away the # to change one."]
        var open: [String] = []
        for key in ConfigurationKey.all where !key.isStructured {
            let levels = key.path.split(separator: ".").map(String.init)
            let parents = levels.dropLast()
            for (depth, level) in parents.enumerated() where depth >= open.count || open[depth] != level {
                open = Array(open.prefix(depth)) + [level]
                lines.append("#" + String(repeating: "  ", count: depth) + level + ":")
            }
            if parents.isEmpty { open = [] }
            let indent = String(repeating: "  ", count: parents.count)
            lines.append(
                "#\(indent)\(levels.last ?? ""): \(key.standard.isEmpty ? "\"\"" : key.standard)   # \(key.purpose)")
        }
        return lines.joined(separator: "\n")
    }
}
