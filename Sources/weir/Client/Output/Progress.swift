import Foundation
import Synchronization
import WeirModel

/// A line on standard error that says how far a transfer has come. Draws ten times a second at most, and nothing when nobody watches.
final class Progress: Sendable {
    private struct State {
        var done: Int64 = 0
        var drawnAt: ContinuousClock.Instant?
        var total: Int64
    }

    private let state: Mutex<State>
    private let label: String
    private let isShown: Bool
    private let start = ContinuousClock.now

    init(_ label: String, total: Int64, output: Output) {
        self.label = label
        state = Mutex(State(total: total))
        isShown = output.isWatched
    }

    /// Bytes that came through, or, when a part must be sent again, are taken back.
    func advance(_ bytes: Int64) {
        let line: String? = state.withLock { state in
            state.done += bytes
            let now = ContinuousClock.now
            if let last = state.drawnAt, now - last < .milliseconds(100), state.done < state.total { return nil }
            state.drawnAt = now
            return Self.line(label, done: state.done, total: state.total, elapsed: now - start)
        }
        if isShown, let line { try? FileHandle.standardError.write(contentsOf: Data(("\r" + line + "\u{1B}[K").utf8)) }
    }

    /// Why nothing moves, on a line of its own.
    func note(_ text: String) {
        if isShown { try? FileHandle.standardError.write(contentsOf: Data(("\r" + text + "\u{1B}[K\n").utf8)) }
    }

    func finish() {
        if isShown { try? FileHandle.standardError.write(contentsOf: Data("\n".utf8)) }
    }

    /// `digits.csv  [#########---------]  50%  1.2 GiB of 2.4 GiB  88.1 MiB/s  14 s left`
    static func line(_ label: String, done: Int64, total: Int64, elapsed: Duration) -> String {
        let share = total > 0 ? min(1, Double(done) / Double(total)) : 1
        let filled = Int(share * 24)
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: 24 - filled)
        let seconds = max(Double(elapsed.milliseconds) / 1000, 0.001)
        let rate = Double(done) / seconds
        var text =
            "\(label)  [\(bar)]  \(Int(share * 100))%  \(Bytes(done)) of \(Bytes(total))  \(Bytes(Int64(rate)))/s"
        if done > 0, done < total { text += "  \(Phrase.span(seconds: Int(Double(total - done) / rate))) left" }
        return text
    }
}
