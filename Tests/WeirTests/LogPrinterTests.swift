import Glibc
import Synchronization
import Testing
import WeirModel

@testable import weir

@Suite("A log on the command line")
struct LogPrinterTests {
    private final class Screen: Sendable {
        let text = Mutex<[Int32: String]>([:])

        func printer(isTerminal: Bool) -> LogPrinter {
            LogPrinter(isTerminal: { _ in isTerminal }, write: { stream, text in self.text.withLock { $0[stream, default: ""] += text } })
        }

        var output: String { text.withLock { $0[1] ?? "" } }
        var errors: String { text.withLock { $0[2] ?? "" } }
    }

    @Test("a bar that writes over itself stays one line, and colours are shown (R1)")
    func bars() throws {
        let screen = Screen()
        let printer = screen.printer(isTerminal: true)
        for percent in [10, 20] { try printer.take("\r\(percent)%", isPartial: true, time: nil, isErrors: true) }
        try printer.take("\r100%", isPartial: false, time: nil, isErrors: true)
        #expect(screen.errors == "\r10%\r20%\r100%\n")
        try printer.take("\u{1B}[32mdone\u{1B}[0m", isPartial: false, time: nil, isErrors: false)
        #expect(screen.output == "\u{1B}[32mdone\u{1B}[0m\n")
    }

    @Test("a line of the other stream begins a line of its own in a terminal, and files get what was written")
    func streams() throws {
        let terminal = Screen()
        var printer = terminal.printer(isTerminal: true)
        try printer.take("half", isPartial: true, time: nil, isErrors: false)
        try printer.take("oops", isPartial: false, time: nil, isErrors: true)
        #expect(terminal.output == "half\n" && terminal.errors == "oops\n")
        let file = Screen()
        printer = file.printer(isTerminal: false)
        try printer.take("half", isPartial: true, time: "08:00", isErrors: false)
        try printer.take(" line\u{1B}]0;x\u{7}", isPartial: false, time: "08:00", isErrors: false)
        #expect(file.output == "08:00  half line\u{1B}]0;x\u{7}\n")
    }

    @Test("a program cannot tell another person's terminal what to do")
    func safety() {
        func shown(_ text: String) -> String { TerminalText.safe(text, isPartial: false).text }
        #expect(shown("a\u{1B}]52;c;ZWNobyBoaQ==\u{7}b") == "ab")
        #expect(shown("a\u{1B}]0;title\u{1B}\\b") == "ab")
        #expect(shown("a\u{1B}[2J\u{1B}[1;1H\u{1B}[6nb\u{7}") == "ab")
        #expect(shown("a\u{1B}[2Kb\rc\t中") == "a\u{1B}[2Kb\rc\t中")
        #expect(shown("\u{9B}31mx") == "31mx")
        // Which characters are meant is said in three (review 11).
        #expect(shown("a\u{1B}(Bb\u{1B}[0mc") == "ab\u{1B}[0mc")
        let begun = TerminalText.safe("a\u{1B}(", isPartial: true)
        #expect(begun.text == "a" && begun.rest == "\u{1B}(")
        // A sequence that is cut goes on in the next piece.
        let cut = TerminalText.safe("a\u{1B}[3", isPartial: true)
        #expect(cut.text == "a" && cut.rest == "\u{1B}[3")
        #expect(shown("a\u{1B}") == "a")
    }

    @Test("a time stands before each line of its stream, whatever the other stream says meanwhile (review 12)")
    func times() throws {
        let files = Screen()
        var printer = files.printer(isTerminal: false)
        try printer.take("half", isPartial: true, time: "08:00", isErrors: false)
        try printer.take("oops", isPartial: true, time: "08:01", isErrors: true)
        try printer.take(" line", isPartial: false, time: "08:02", isErrors: false)
        try printer.remark("A part is missing.")
        try printer.take("next", isPartial: false, time: "08:03", isErrors: false)
        #expect(files.output == "08:00  half line\n08:03  next\n")
        #expect(files.errors == "08:01  oops\nA part is missing.\n")
        let terminal = Screen()
        printer = terminal.printer(isTerminal: true)
        try printer.take("half", isPartial: true, time: "08:00", isErrors: false)
        try printer.take("oops", isPartial: false, time: "08:01", isErrors: true)
        try printer.take("line", isPartial: false, time: "08:02", isErrors: false)
        #expect(terminal.output == "08:00  half\n08:02  line\n" && terminal.errors == "08:01  oops\n")
    }

    @Test("a place that takes no more of a log is told, and ends it (review 10)")
    func full() throws {
        let full = open("/dev/full", O_WRONLY)
        defer { close(full) }
        let error = #expect(throws: WeirError.self) { try Output.put("a line\n", to: full) }
        #expect(error?.code == "output_unwritable" && error?.message.en.contains("No space left") == true)
        let printer = LogPrinter(isTerminal: { _ in false }, write: { try Output.put($1, to: full) })
        #expect(throws: WeirError.self) { try printer.take("a line", isPartial: false, time: nil, isErrors: false) }
    }
}
