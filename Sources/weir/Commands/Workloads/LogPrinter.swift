import Foundation
import Glibc
import Synchronization

/// Writes a log as its program did: a piece of a line ends none, so that a bar that writes over itself stays one line in a terminal.
///
/// A terminal is given colours and moves within the line, and nothing else that a program may tell it to do. A file or a pipe gets all as it
/// was written.
final class LogPrinter: Sendable {
    private struct State {
        /// The streams on which a line is begun and not ended.
        var open: Set<Int32> = []
        var rests: [Int32: String] = [:]
    }

    private let state = Mutex(State())
    private let isTerminal: @Sendable (Int32) -> Bool
    private let write: @Sendable (Int32, String) throws -> Void

    init(
        isTerminal: @escaping @Sendable (Int32) -> Bool = { isatty($0) == 1 },
        write: @escaping @Sendable (Int32, String) throws -> Void = { try Output.put($1, to: $0) }
    ) {
        self.isTerminal = isTerminal
        self.write = write
    }

    /// Throws what keeps the stream from being written.
    func take(_ text: String, isPartial: Bool, time: String?, isErrors: Bool) throws {
        try state.withLock { state in
            let stream = isErrors ? STDERR_FILENO : STDOUT_FILENO
            try endLines(of: &state, but: stream)
            var shown = text
            if isTerminal(stream) {
                (shown, state.rests[stream]) = TerminalText.safe((state.rests[stream] ?? "") + text, isPartial: isPartial)
            }
            if let time, !state.open.contains(stream) { shown = time + "  " + shown }
            try write(stream, shown + (isPartial ? "" : "\n"))
            if isPartial { state.open.insert(stream) } else { state.open.remove(stream) }
        }
    }

    /// Of Weir's own: no part of the log.
    func remark(_ text: String) throws {
        try state.withLock { state in
            try endLines(of: &state, but: nil)
            // In a file of its own a line of the program's errors would go on in the middle of the remark's.
            let end = state.open.remove(STDERR_FILENO) == nil ? "" : "\n"
            try write(STDERR_FILENO, end + text.withoutControls + "\n")
        }
    }

    /// In one terminal the other stream would go on in the middle of the line; in files each stream has its own.
    private func endLines(of state: inout State, but stream: Int32?) throws {
        for open in state.open where open != stream && isTerminal(open) {
            try write(open, "\n")
            state.open.remove(open)
        }
    }
}

/// The part of a program's words to a terminal that is let through to another person's.
enum TerminalText {
    /// A sequence that is longer is none.
    private static let longest = 64

    /// Colours, erasing in the line and moves within it stay; other sequences and control characters are left out. The rest is a sequence
    /// that goes on in the next piece.
    static func safe(_ text: String, isPartial: Bool) -> (text: String, rest: String?) {
        var shown = String.UnicodeScalarView()
        let scalars = Array(text.unicodeScalars)
        var at = 0
        while at < scalars.count {
            let scalar = scalars[at]
            if scalar == "\u{1B}" {
                guard let length = sequence(scalars[at...]) else {
                    if isPartial, scalars.count - at < longest {
                        return (String(shown), String(String.UnicodeScalarView(scalars[at...])))
                    }
                    at += 1
                    continue
                }
                let all = scalars[at..<at + length]
                if length > 2, all[at + 1] == "[", "mKGCD".unicodeScalars.contains(all[at + length - 1]) {
                    shown.append(contentsOf: all)
                }
                at += length
                continue
            }
            let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
            if !isControl || ["\r", "\t", "\u{8}", "\n"].contains(scalar) { shown.append(scalar) }
            at += 1
        }
        return (String(shown), nil)
    }

    /// The length of the sequence that begins here; nil when it is not ended, or none.
    private static func sequence(_ scalars: ArraySlice<Unicode.Scalar>) -> Int? {
        let all = scalars.prefix(longest)
        let start = all.startIndex
        guard all.count > 1 else { return nil }
        switch all[start + 1] {
        case "[":
            // Parameters and others before the letter that ends it.
            guard let end = all[(start + 2)...].firstIndex(where: { (0x40...0x7E).contains($0.value) }) else { return nil }
            return end - start + 1
        case "]", "P", "X", "^", "_":
            // A string, ended by BEL or by ESC and a backslash.
            guard let end = scalars.dropFirst(2).firstIndex(where: { $0 == "\u{7}" || $0 == "\\" || $0 == "\u{9C}" }) else { return nil }
            return end - start + 1
        case "\u{20}"..."\u{2F}":
            // A choice of characters, as `ESC ( B`: others before the one that ends it.
            guard let end = all[(start + 2)...].firstIndex(where: { (0x30...0x7E).contains($0.value) }) else { return nil }
            return end - start + 1
        default: return 2
        }
    }
}
