import Foundation
import WeirModel

/// Questions to the person at the terminal.
enum Prompt {
    static var isPossible: Bool { isatty(STDIN_FILENO) == 1 }

    /// Asks on the terminal; without one, takes the next line of standard input.
    static func line(_ question: String) throws -> String {
        if isPossible { try? FileHandle.standardError.write(contentsOf: Data((question + ": ").utf8)) }
        guard let line = readLine(strippingNewline: true) else { throw WeirError.missing(question) }
        return line
    }

    /// The same without showing what is typed.
    static func secret(_ question: String) throws -> String {
        guard isPossible else { return try line(question) }
        var shown = termios()
        guard tcgetattr(STDIN_FILENO, &shown) == 0 else { return try line(question) }
        var hidden = shown
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSANOW, &hidden)
        defer {
            tcsetattr(STDIN_FILENO, TCSANOW, &shown)
            try? FileHandle.standardError.write(contentsOf: Data("\n".utf8))
        }
        return try line(question)
    }

    /// Whether the person agrees. Without a terminal nobody is asked, and only `--yes` agrees.
    static func confirm(_ question: String, yes: Bool) throws {
        if yes { return }
        guard isPossible, try line("\(question) [y/N]").lowercased().hasPrefix("y") else {
            throw WeirError.notConfirmed()
        }
    }
}

extension WeirError {
    static func notConfirmed() -> WeirError {
        WeirError(
            "not_confirmed", .invalid, subject: "yes",
            LocalizedText("Nothing was done: you did not confirm.", zh: "未确认，未执行任何操作。"),
            remedy: LocalizedText("Give --yes to confirm beforehand.", zh: "使用 --yes 可预先确认。"))
    }
}
