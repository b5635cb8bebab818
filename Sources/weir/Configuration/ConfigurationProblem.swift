/// One key or value that Weir does not take, and why.
struct ConfigurationProblem: Error, Sendable, Equatable {
    var key: String
    /// The file and line, the environment variable or the flag that it came by.
    var source: String?
    /// In the file, from 1.
    var line: Int?
    var value: String?
    var reason: String
}

extension ConfigurationProblem: CustomStringConvertible {
    /// `weir.yaml, line 3: api.listen: expected an address and a port, not "8080"`.
    var description: String {
        let place = [source, line.map { "line \($0)" }].compactMap(\.self).joined(separator: ", ")
        return (place.isEmpty ? "" : "\(place): ") + "\(key): \(reason)" + (value.map { ", not \"\($0)\"" } ?? "")
    }
}

/// Everything that is wrong with a configuration, so that one start tells it all.
struct ConfigurationRefused: Error, CustomStringConvertible {
    let problems: [ConfigurationProblem]

    var description: String {
        (["Weir does not start: the configuration is not valid."] + problems.map { "  \($0)" } + [
            "`weir config reference` lists every key."
        ]).joined(separator: "\n")
    }
}
