public import WeirModel

/// What runs in an instance when somebody opens the web terminal.
///
/// The shell belongs to tmux, not to the page: closing the page never kills it, and the same name finds it again (X16).
public enum TerminalCommand {
    public static let defaultName = "main"
    public static let nameLimit = 32

    /// Names are letters, digits, `_` and `-`: they stand in a command and in an address.
    public static func isValid(name: String) -> Bool {
        (1...nameLimit).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95
            } && !name.hasPrefix("-")
    }

    /// tmux where the image has it, else screen; else a bare shell, which says that it ends with the page.
    public static func command(name: String, folder: String = ContainerPaths.code) throws(WeirError) -> [String] {
        guard isValid(name: name) else {
            throw .malformed("name", "1 to \(nameLimit) letters, digits, \"_\" and \"-\"", rule: "X16")
        }
        return ["/bin/sh", "-c", script, "weir-terminal", name, folder]
    }

    private static let script = """
        [ -d "$2" ] && cd "$2"
        export TERM="${TERM:-xterm-256color}" LANG="${LANG:-C.UTF-8}"
        SHELL="$(command -v bash || echo /bin/sh)"; export SHELL
        if command -v tmux >/dev/null 2>&1; then exec tmux -u new-session -A -s "$1" -c "$PWD"; fi
        if command -v screen >/dev/null 2>&1; then exec screen -U -xRR -S "$1"; fi
        echo 'Neither tmux nor screen is in this image: this shell ends when the page is closed.'
        exec "$SHELL" -l
        """
}
