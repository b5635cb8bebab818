import WeirModel

/// A program in an image that a person opens in the browser, as the image's labels describe it: a new tool is an image,
/// not code. The labels of the tool `x` are `weir.tool.x.` and
///
/// - `command`: a shell command; `{prefix}`, `{port}` and `{path}` are filled in, `{path}` quoted; `{secret}` becomes the shell's
///   variable with the secret, so that it must not stand in single quotes;
/// - `secret`: the environment's variable with the secret, `WEIR_TOOL_SECRET` where none is named. A command line can be read by every user
///   of the machine: a tool that takes its secret from the environment says here by which name;
/// - `port`: where it listens;
/// - `prefix`: `kept` when it lives under its path in the gateway, `stripped` when the gateway takes the path off;
/// - `health`: the path that answers when it is ready, with `{prefix}`;
/// - `authorization`: the header by which the gateway proves itself, with `{secret}`; absent when it has none;
/// - `activity`: the paths, parted by blanks, that tell when it was last used, with `{prefix}`; absent when it does not tell. The answer is
///   JSON with times under `last_activity`, and `execution_state` of kernels, anywhere in it.
public struct ImageTool: Hashable, Sendable {
    public let name: String
    public let port: Int
    public let prefixKept: Bool
    private let commandTemplate: String
    private let healthTemplate: String
    private let authorizationTemplate: String?
    private let activityTemplate: String?
    /// Nil when the tool takes none.
    private let secretVariable: String?

    /// All tools that are described in full; what cannot be read is left out.
    public static func tools(in labels: [String: String]) -> [String: ImageTool] {
        let start = "weir.tool."
        var fields: [String: [String: String]] = [:]
        for (label, value) in labels where label.hasPrefix(start) {
            let parts = label.dropFirst(start.count).split(separator: ".", maxSplits: 1)
            if parts.count == 2 { fields[String(parts[0]), default: [:]][String(parts[1])] = value }
        }
        return fields.reduce(into: [:]) { tools, entry in
            tools[entry.key] = ImageTool(name: entry.key, fields: entry.value)
        }
    }

    private init?(name: String, fields: [String: String]) {
        guard let command = fields["command"], let port = fields["port"].flatMap({ Int($0) }),
            (1...65_535).contains(port)
        else { return nil }
        self.name = name
        self.port = port
        prefixKept = fields["prefix"] != "stripped"
        commandTemplate = command
        healthTemplate = fields["health"] ?? "{prefix}"
        authorizationTemplate = fields["authorization"]
        activityTemplate = fields["activity"]
        let named = fields["secret"].flatMap { Self.isVariable($0) ? $0 : nil }
        secretVariable = named ?? (command.contains("{secret}") ? Self.standardVariable : nil)
    }

    /// What the container runs. `prefix` begins and ends with a slash.
    public func command(prefix: String, path: String) -> [String] {
        let quoted = "'" + path.replacing("'", with: #"'\''"#) + "'"
        let filled = fill(commandTemplate, prefix: prefix, secret: "${\(secretVariable ?? Self.standardVariable)}").replacing(
            "{path}", with: quoted)
        return ["/bin/sh", "-c", "exec " + filled]
    }

    /// The variables that the command finds in its environment.
    public func environment(secret: String) -> [String: String] { secretVariable.map { [$0: secret] } ?? [:] }

    private static let standardVariable = "WEIR_TOOL_SECRET"

    private static func isVariable(_ name: String) -> Bool {
        let letters = name.unicodeScalars.allSatisfy { $0.isASCII && ($0 == "_" || $0.properties.isAlphabetic || ("0"..."9").contains($0)) }
        return letters && name.unicodeScalars.first.map { !("0"..."9").contains($0) } ?? false
    }

    public func healthPath(prefix: String) -> String { fill(healthTemplate, prefix: prefix, secret: "") }

    public func activityPaths(prefix: String) -> [String] {
        (activityTemplate ?? "").split(separator: " ").map { fill(String($0), prefix: prefix, secret: "") }
    }

    public func authorization(secret: String) -> String? {
        authorizationTemplate.map { fill($0, prefix: "", secret: secret) }
    }

    private func fill(_ template: String, prefix: String, secret: String) -> String {
        template.replacing("{prefix}", with: prefixKept ? prefix : "/").replacing("{secret}", with: secret)
            .replacing("{port}", with: String(port))
    }
}
