/// The variables that a client may set in its session: what a terminal and a language need, and nothing that changes how programs load.
public enum SSHVariables {
    public static let most = 32
    public static let longest = 256
    private static let names: Set<String> = ["LANG", "LANGUAGE", "COLORTERM", "TZ", "GIT_PROTOCOL", "TERM_PROGRAM", "VSCODE_AGENT_FOLDER"]

    public static func accepts(_ name: String, _ value: String) -> Bool {
        let isKnown =
            names.contains(name) || name.hasPrefix("LC_") && name.dropFirst(3).utf8.allSatisfy { (65...90).contains($0) || $0 == 95 }
        return isKnown && name.utf8.count <= 32 && isPlain(value)
    }

    /// What `TERM` may be.
    public static func acceptsTerminal(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || [43, 45, 46, 95].contains($0)
            }
    }

    private static func isPlain(_ value: String) -> Bool {
        value.utf8.count <= longest && value.utf8.allSatisfy { (0x20...0x7e).contains($0) }
    }
}
