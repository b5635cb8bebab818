import WeirModel

/// How an ended container is told to people: the exit code that Podman gives, and what the kernel counted.
struct Ending: Hashable, Sendable {
    var exitCode: Int
    /// Whether the engine itself was asked to end it.
    var stopped: Bool
    /// The kernel's own word that a process was killed for memory.
    var killedForMemory: Bool
    var memory: Bytes
    /// The most memory that was in use at once, where the kernel still knows.
    var peak: Bytes?
    /// The root layer or scratch grew over its limit and the engine ended the instance.
    var scratchFull: Bytes?
    /// What the init process wrote when it could not run the command.
    var refusal: String?

    /// The kernel kills when the next page would go over the limit: the peak is then this close to it.
    static let margin: Bytes = .mib(1)
    private static let killed = 128 + 9

    var phase: Observation.Phase {
        if let scratchFull { return .failed(.scratchFull(limit: scratchFull)) }
        if exitCode == 0 { return .succeeded }
        if let refusal { return .failed(.startRefused(detail: refusal)) }
        if !stopped && ranOutOfMemory { return .failed(.outOfMemory(limit: memory)) }
        if exitCode < 0 { return .failed(.lost) }
        if (129...159).contains(exitCode) { return .failed(.signal(exitCode - 128)) }
        return .failed(.exit(code: exitCode))
    }

    private var ranOutOfMemory: Bool {
        if killedForMemory { return true }
        guard exitCode == Self.killed, let peak else { return false }
        return peak >= memory - Self.margin
    }
}

/// crun's and catatonit's texts, made short for people.
enum StartRefusal {
    static func short(_ message: String) -> String {
        var text = message
        for suffix in [
            ": OCI runtime attempted to invoke a command that was not found", ": OCI permission denied",
            ": OCI runtime error",
        ] where text.hasSuffix(suffix) {
            text.removeLast(suffix.count)
        }
        // `mounting volume X for container <64 digits>: …` and the like: an id tells nobody anything.
        if let id = text.firstMatch(of: #/container [0-9a-f]{64}:? ?/#) {
            text =
                text[id.range.upperBound...].isEmpty
                ? text.replacing(id.output, with: "the container") : String(text[id.range.upperBound...])
        }
        for prefix in ["crun: ", "runc: "] where text.hasPrefix(prefix) { text.removeFirst(prefix.count) }
        return String(text.prefix(400))
    }

    /// The init process starts the command, so that a wrong one is seen in the log and not at the start.
    static func fromInit(logTail: String) -> String? {
        guard let match = logTail.firstMatch(of: #/ERROR \(catatonit:\d+\): failed to exec pid1: (.+)/#) else { return nil }
        return "the command could not be run: \(match.1)"
    }
}
